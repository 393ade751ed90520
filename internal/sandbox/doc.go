// Package sandbox is a strict, stateful Feishu: it refuses what Feishu refuses, with Feishu's codes, statuses and words.
package sandbox
