package core

import (
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox/state"
)

func TestClientTokens(t *testing.T) {
	t.Parallel()
	t.Run("keep_answers_up_to_their_byte_bound", func(t *testing.T) {
		t.Parallel()
		server, err := New(Options{}, state.New())
		if err != nil {
			t.Fatal(err)
		}
		c := func(token string) *Call {
			options := server.Options()
			return &Call{server: server, Options: &options, AppID: "cli_example", ClientToken: token}
		}
		c("1").Keep([32]byte{}, make([]byte, maxRepeatBytes+1))
		c("2").Keep([32]byte{}, []byte("{}"))
		if first, _ := c("1").Repeated([32]byte{}); first != nil {
			t.Error("the oldest answer is still kept")
		}
		if second, _ := c("2").Repeated([32]byte{}); second == nil {
			t.Error("the newest answer is lost")
		}
	})
}
