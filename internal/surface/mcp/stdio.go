package mcp

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// headerID carries the JSON-RPC id of a call from standard input to the call's handler; no client can set it.
const headerID = "Rowgate-Request-Id"

// watched is a transport whose calls carry their ids and whose cancellations reach the ledger.
type watched struct {
	mcp.Transport

	ledger *ledger
}

// Connect implements mcp.Transport.
func (t watched) Connect(ctx context.Context) (mcp.Connection, error) {
	connection, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return watchedConnection{connection, t.ledger}, nil
}

type watchedConnection struct {
	mcp.Connection

	ledger *ledger
}

// Read implements mcp.Connection.
func (c watchedConnection) Read(ctx context.Context) (jsonrpc.Message, error) {
	read, err := c.Connection.Read(ctx)
	if err != nil {
		return read, err
	}
	one, ok := read.(*jsonrpc.Request)
	if !ok {
		return read, nil
	}
	switch one.Method {
	case methodCall:
		if id, err := json.Marshal(one.ID.Raw()); err == nil && one.Extra == nil {
			one.Extra = &mcp.RequestExtra{Header: http.Header{headerID: {string(id)}}}
		}
	case methodCancelled:
		var params struct {
			RequestID json.RawMessage `json:"requestId"`
		}
		if json.Unmarshal(one.Params, &params) == nil {
			c.ledger.cancel(client{}, string(params.RequestID))
		}
	}
	return read, nil
}
