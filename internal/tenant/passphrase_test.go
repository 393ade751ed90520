package tenant_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

const canary = "canary-71d0"

func TestPassphrases(t *testing.T) {
	t.Parallel()
	passphrases := tenant.Passphrases{
		tenant.NewPassphrase("dify", secret.New("one")),
		tenant.NewPassphrase("n8n", secret.New("two")),
	}

	t.Run("match by value", func(t *testing.T) {
		t.Parallel()
		for value, name := range map[string]string{"one": "dify", "two": "n8n", "": "", "One": "", "one ": "", "dify": "", "onetwo": ""} {
			match, ok := passphrases.Match(secret.New(value))
			if match.Name != name || ok != (name != "") {
				t.Errorf("%q matches %q, %t; want %q", value, match.Name, ok, name)
			}
		}
	})

	t.Run("match nothing if there are none", func(t *testing.T) {
		t.Parallel()
		if match, ok := (tenant.Passphrases{}).Match(secret.New("")); ok {
			t.Errorf("matched %v", match)
		}
	})

	t.Run("are found by name", func(t *testing.T) {
		t.Parallel()
		if found, ok := passphrases.Named("n8n"); !ok || found != passphrases[1] {
			t.Errorf("found %v, %t", found, ok)
		}
		if found, ok := passphrases.Named("N8N"); ok {
			t.Errorf("found %v", found)
		}
	})

	t.Run("print as their names", func(t *testing.T) {
		t.Parallel()
		one := tenant.NewPassphrase("team", secret.New(canary))
		list, err := json.Marshal(tenant.Passphrases{one})
		if err != nil || string(list) != `["team"]` {
			t.Errorf("JSON is %s, %v", list, err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if printed := fmt.Sprintf(verb, one); printed != "team" {
				t.Errorf("%s prints %s", verb, printed)
			}
		}
	})
}

func TestParsePassphrases(t *testing.T) {
	t.Parallel()
	hash := sha256.Sum256([]byte("hashed"))
	digest := hex.EncodeToString(hash[:])

	t.Run("reads names, hashes and a bare value", func(t *testing.T) {
		t.Parallel()
		for list, want := range map[string]map[string]string{
			"bare":                                 {"default": "bare"},
			"a:one,b:two":                          {"a": "one", "b": "two"},
			" a:one , two ":                        {"a": "one", "default": "two"},
			"a:with:colons and spaces":             {"a": "with:colons and spaces"},
			"a:口令":                                 {"a": "口令"},
			"a:sha256:" + digest:                   {"a": "hashed"},
			"a:sha256:" + strings.ToUpper(digest):  {"a": "hashed"},
			"a:SHA256:no hash":                     {"a": "SHA256:no hash"},
			"A-1_2.3:x":                            {"A-1_2.3": "x"},
			strings.Repeat("n", 64) + ":long name": {strings.Repeat("n", 64): "long name"},
			"a:one,b:sha256:" + digest + ",default:x": {"a": "one", "b": "hashed", "default": "x"},
		} {
			got, wrong := tenant.ParsePassphrases(secret.New(list))
			if len(wrong) > 0 || len(got) != len(want) {
				t.Errorf("%s: %v, %v", list, got, wrong)
			}
			for name, value := range want {
				if match, ok := got.Match(secret.New(value)); !ok || match.Name != name {
					t.Errorf("%s: %q is %q, want %q", list, value, match.Name, name)
				}
			}
		}
	})

	t.Run("reports every wrong entry by its place and shows no value", func(t *testing.T) {
		t.Parallel()
		got, wrong := tenant.ParsePassphrases(secret.New("a:" + canary + ",rgk_" + canary + ",b:,good:x,a:again," + canary + " :y"))
		if got != nil || len(wrong) != 4 {
			t.Fatalf("%v, %v", got, wrong)
		}
		for i, place := range []int{2, 3, 5, 6} {
			zh, en := wrong[i].ZH, wrong[i].EN
			if !strings.HasPrefix(en, fmt.Sprintf("Entry %d: ", place)) || !strings.HasPrefix(zh, fmt.Sprintf("第 %d 项：", place)) {
				t.Errorf("%s %s; want place %d", en, zh, place)
			}
			if strings.Contains(zh+en, canary) {
				t.Errorf("%s shows a secret", en)
			}
		}
	})

	t.Run("accepts_neither_a_name_nor_a_value_that_begins_with_the_prefix_of_connection_keys", func(t *testing.T) {
		t.Parallel()
		for entry, refused := range map[string]bool{
			"rgk_value": true, "name:rgk_value": true, "rgk_name:value": true, "rgk_AAAAAA:A": true, "rgk_": true,
			"value_rgk_": false, "name:value_rgk_": false, "name_rgk_:value": false, "RGK_name:value": false, "name:RGK_value": false,
		} {
			if _, wrong := tenant.ParsePassphrases(secret.New(entry)); (len(wrong) > 0) != refused {
				t.Errorf("%s: %v", entry, wrong)
			}
		}
	})

	t.Run("never shows a value and refuses the prefix of connection keys by its rule", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			value := rapid.StringN(8, 40, -1).Draw(t, "value")
			before := []string{"", "name:", "name:sha256:", "bad name:", "name:rgk_", "rgk_"}
			list := rapid.SampledFrom(before).Draw(t, "before") + value
			got, wrong := tenant.ParsePassphrases(secret.New(list))
			if (len(got) == 0) == (len(wrong) == 0) {
				t.Fatalf("%v, %v", got, wrong)
			}
			for _, text := range wrong {
				if strings.Contains(text.ZH+text.EN, value) {
					t.Errorf("%s shows the value", text.EN)
				}
			}
			// The contract: "neither name nor value begins with `rgk_`".
			prefixed := false
			for entry := range strings.SplitSeq(list, ",") {
				name, value, named := strings.Cut(strings.TrimSpace(entry), ":")
				prefixed = prefixed || strings.HasPrefix(name, "rgk_") || named && strings.HasPrefix(value, "rgk_")
			}
			if prefixed && len(got) > 0 {
				t.Errorf("%q is accepted", list)
			}
			said := slices.ContainsFunc(wrong, func(text problem.Text) bool { return strings.Contains(text.EN, "begin with rgk_") })
			if said && !prefixed {
				t.Errorf("%q is refused for a prefix that it does not have", list)
			}
		})
	})
}
