// Package e2e holds the end-to-end tests: the App that main runs, against the Feishu simulator, through the public listener.
// It has no code of its own. Each file is a subject (proxy, mcp, importers, faults …); setup_test.go starts the service.
package e2e
