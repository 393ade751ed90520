package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestCodes walks every row of codes.tsv: a fault makes the endpoint answer the code, and status, msg and envelope must be the row's.
func TestCodes(t *testing.T) {
	t.Parallel()
	table, err := parseCodes(codesTSV)
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t, Options{RatesOff: true})
	names := map[string]*endpoint{}
	for _, e := range endpoints() {
		names[e.name] = e
	}
	count := 0
	for key, row := range table {
		targets := []string{key.endpoint}
		if key.endpoint == "*" {
			targets = []string{"record.batch_create", "record.batch_get", "wiki.get_node"}
		}
		for _, name := range targets {
			e := names[name]
			if e == nil {
				t.Errorf("codes.tsv names an endpoint %q that is none", name)
				continue
			}
			b.sb.ClearFaults()
			if _, err := b.sb.AddFault(Fault{Endpoint: name, Action: ActionError, Code: key.code}); err != nil {
				t.Fatal(err)
			}
			path := strings.NewReplacer(":app_token", testBase, ":table_id", testTable, ":record_id", "recA1", ":field_id", "fldA1", ":view_id", "vewA1").Replace(e.path)
			r := b.do(e.method, path, map[string]string{"app_id": testApp, "app_secret": testSecret})
			count++
			if r.status != row.status || r.Code != key.code || r.Msg != row.msg || r.header.Get("X-Tt-Logid") == "" {
				t.Errorf("%s %d: got %d %s, want %+v", name, key.code, r.status, r.raw, row)
			}
			envelopeOf(t, e, r)
		}
	}
	if count < 1500 {
		t.Errorf("only %d rows walked", count)
	}
}

// envelopeOf checks the form of an error: data {} where that was seen, else error with log_id and troubleshooter, gateway limits bare.
func envelopeOf(t *testing.T, e *endpoint, r reply) {
	t.Helper()
	switch {
	case e.class == classAuth, r.Code == 91402, r.Code == 91403:
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

func TestParseCodes(t *testing.T) {
	t.Parallel()
	for name, tsv := range map[string]string{
		"a_missing_column": "1\t200\tx", "a_code_that_is_text": "x\t200\tx\t*", "a_status_that_is_text": "1\tx\tx\t*",
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseCodes(tsv); err == nil {
				t.Error("no error")
			}
		})
	}
	t.Run("falls_back_to_every_endpoint_and_then_to_200", func(t *testing.T) {
		t.Parallel()
		table, err := parseCodes("1\t403\tone\trecord.create\n1\t400\tany\t*\n")
		if err != nil {
			t.Fatal(err)
		}
		got := []int{table.find(1, "record.create").status, table.find(1, "app.get").status, table.find(2, "app.get").status}
		if got[0] != http.StatusForbidden || got[1] != http.StatusBadRequest || got[2] != http.StatusOK {
			t.Errorf("got %v", got)
		}
	})
}
