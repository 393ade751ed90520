package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/secret"
)

const canary = "canary-4f1d"

func TestText(t *testing.T) {
	t.Parallel()
	text := secret.New(canary)

	t.Run("shows nothing however it is printed", func(t *testing.T) {
		t.Parallel()
		type holder struct{ Secret secret.Text }
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", text, &text, holder{text})
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("message", slog.Any("secret", text), slog.Any("holder", holder{text}))
		slog.New(slog.NewTextHandler(&out, nil)).Info("message", slog.Any("secret", text), slog.Any("holder", holder{text}))
		data, err := json.Marshal(map[string]any{"value": text, "holder": holder{text}})
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
		if strings.Contains(out.String(), canary) || strings.Contains(out.String(), fmt.Sprintf("%x", canary)) {
			t.Errorf("the secret is visible in %s", out.String())
		}
		if !strings.Contains(out.String(), "[secret]") {
			t.Errorf("nothing stands in for the secret in %s", out.String())
		}
	})

	t.Run("reveals its value and reads it from JSON and text", func(t *testing.T) {
		t.Parallel()
		var fromJSON struct{ Secret secret.Text }
		if err := json.Unmarshal([]byte(`{"Secret":"`+canary+`"}`), &fromJSON); err != nil {
			t.Fatal(err)
		}
		var fromText secret.Text
		if err := fromText.UnmarshalText([]byte(canary)); err != nil {
			t.Fatal(err)
		}
		for _, got := range []secret.Text{text, fromJSON.Secret, fromText} {
			if got.Reveal() != canary || got.IsZero() {
				t.Errorf("Reveal() is not the value that was put in")
			}
		}
		if !(secret.Text{}).IsZero() {
			t.Error("the zero Text is not empty")
		}
	})
}
