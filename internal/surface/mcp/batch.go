package mcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/rowgate/rowgate/internal/problem"
)

// readBatch reads a batch of messages and refuses one of more than MaxBatch. What is no message is left out.
func readBatch(body []byte) ([]message, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if _, err := decoder.Token(); err != nil {
		return nil, nil //nolint:nilerr // the protocol's handler reports it
	}
	var messages []message
	for count := 0; decoder.More(); count++ {
		if count == MaxBatch {
			return nil, problem.New(problem.BadParameter, problem.Text{
				ZH: fmt.Sprintf("一个请求里最多 %d 条消息。", MaxBatch), EN: fmt.Sprintf("A request may contain at most %d messages.", MaxBatch),
			})
		}
		var raw json.RawMessage
		if decoder.Decode(&raw) != nil {
			return nil, nil // the protocol's handler reports it
		}
		var one message
		if json.Unmarshal(raw, &one) == nil {
			messages = append(messages, one)
		}
	}
	return messages, nil
}

// readCloser reads from Reader and closes Closer.
type readCloser struct {
	io.Reader
	io.Closer
}
