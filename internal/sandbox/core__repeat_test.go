package sandbox

import "testing"

func TestClientTokens(t *testing.T) {
	t.Parallel()
	t.Run("keep_answers_up_to_their_byte_bound", func(t *testing.T) {
		t.Parallel()
		server, err := newServer(Options{}, newStore())
		if err != nil {
			t.Fatal(err)
		}
		c := func(token string) *call {
			options := server.Options()
			return &call{srv: server, opts: &options, appID: "cli_example", clientToken: token}
		}
		c("1").keep([32]byte{}, make([]byte, maxRepeatBytes+1))
		c("2").keep([32]byte{}, []byte("{}"))
		if first, _ := c("1").repeated([32]byte{}); first != nil {
			t.Error("the oldest answer is still kept")
		}
		if second, _ := c("2").repeated([32]byte{}); second == nil {
			t.Error("the newest answer is lost")
		}
	})
}
