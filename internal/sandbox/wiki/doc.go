// Package wiki serves wiki/v2 get_node, which resolves a wiki page to the base on it.
package wiki
