package sandbox

import (
	"fmt"
	"strings"
	"testing"
)

// TestCodes walks every row of codes.tsv: a fault makes the endpoint answer the code, and status, msg and envelope must be the row's.
func TestCodes(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{RatesOff: true})
	endpoints := map[string]Endpoint{}
	for _, e := range Endpoints() {
		endpoints[e.Name] = e
	}
	count := 0
	for _, row := range b.sb.Codes() {
		targets := []string{row.Endpoint}
		if row.Endpoint == "*" {
			targets = []string{"record.batch_create", "record.batch_get", "wiki.get_node"}
		}
		for _, name := range targets {
			e, known := endpoints[name]
			if !known {
				t.Errorf("codes.tsv names an endpoint %q that is none", name)
				continue
			}
			b.sb.ClearFaults()
			if _, err := b.sb.AddFault(Fault{Endpoint: name, Action: ActionError, Code: row.Code}); err != nil {
				t.Fatal(err)
			}
			path := strings.NewReplacer(":app_token", testBase, ":table_id", testTable, ":record_id", "recA1", ":field_id", "fldA1",
				":view_id", "vewA1").
				Replace(strings.TrimPrefix(e.Path, "/open-apis"))
			r := b.do(e.Method, path, map[string]string{"app_id": testApp, "app_secret": testSecret})
			count++
			if r.status != row.Status || r.Code != row.Code || r.Msg != row.Msg || r.header.Get("X-Tt-Logid") == "" {
				t.Errorf("%s %d: got %d %s, want %+v", name, row.Code, r.status, r.raw, row)
			}
			envelopeOf(t, e, r)
		}
	}
	if count < 1500 {
		t.Errorf("only %d rows walked", count)
	}
}

// envelopeOf checks the form of an error: data {} where that was seen, else error with log_id and troubleshooter, gateway limits bare.
func envelopeOf(t *testing.T, e Endpoint, r reply) {
	t.Helper()
	switch {
	case strings.HasPrefix(e.Name, "auth."), r.Code == 91402, r.Code == 91403:
		if string(r.Data) != "{}" {
			t.Errorf("data of %s", r.raw)
		}
	case r.Code == 99991400, r.Code == 99991403:
		if r.Data != nil || r.Error.LogID != "" {
			t.Errorf("more than code and msg in %s", r.raw)
		}
	default:
		if r.Error.LogID != r.header.Get("X-Tt-Logid") || !strings.Contains(r.raw, fmt.Sprintf("&code=%d", r.Code)) {
			t.Errorf("error of %s", r.raw)
		}
	}
}

func TestCodeList(t *testing.T) {
	t.Parallel()
	list := setup(t, Options{}).sb.Codes()
	names := map[string]bool{"*": true}
	for _, e := range Endpoints() {
		names[e.Name] = true
		if !strings.HasPrefix(e.Path, "/open-apis/") || e.Method == "" {
			t.Errorf("endpoint %+v", e)
		}
	}
	for i, row := range list {
		if !names[row.Endpoint] || row.Msg == "" || row.Status < 200 || i > 0 && row.Code < list[i-1].Code {
			t.Errorf("row %+v", row)
		}
	}
	if len(list) < 1500 {
		t.Errorf("only %d rows", len(list))
	}
}
