package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// synced is the answer of /api/sync.
type synced struct {
	Success   *bool  `json:"success"`
	Message   string `json:"message"`
	Total     int    `json:"total"`
	Succeeded int    `json:"succeeded"`
	Failed    int    `json:"failed"`
	Errors    []struct {
		Index   *int   `json:"index"`
		Field   string `json:"field"`
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

// sync posts records as a page does.
func (s single) sync(token, body string) (reply, synced) {
	s.t.Helper()
	got := s.send("POST", "/api/sync", token, body, nil)
	var names map[string]json.RawMessage
	var answer synced
	if err := json.Unmarshal([]byte(got.raw), &names); err != nil {
		s.t.Fatalf("no JSON: %d %s", got.status, got.raw)
	}
	if have := slices.Sorted(maps.Keys(names)); !slices.Equal(have, []string{"errors", "failed", "message", "succeeded", "success", "total"}) {
		s.t.Errorf("names of the answer: %v", have)
	}
	if err := json.Unmarshal([]byte(got.raw), &answer); err != nil {
		s.t.Fatal(err)
	}
	if answer.Message == "" || string(names["errors"]) == "null" {
		s.t.Errorf("the answer says too little: %s", got.raw)
	}
	return got, answer
}

// TestSync sends what the pages of the service send whose place it takes.
func TestSync(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})

	t.Run("writes learning records to their columns", func(t *testing.T) {
		got, answer := s.sync(s.token, `{"records":[
			{"date":"2024-01-01","topic":"React Hooks 学习","duration":60,"tags":["React","前端"],"notes":"学习了 useState 和 useEffect"},
			{"date":"2024-01-02","topic":"Node.js 异步编程","duration":90,"tags":["Node.js","后端"],"notes":"Promise 和 async/await"}]}`)
		if got.status != http.StatusOK || answer.Success == nil || !*answer.Success || answer.Total != 2 || answer.Succeeded != 2 ||
			answer.Failed != 0 ||
			answer.Message != "同步完成" {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		rows := s.rows()
		want := map[string]any{
			"日期": 1704038400000, "主题": "React Hooks 学习", "学习时长(分钟)": 60.0, "标签": []any{"React", "前端"}, "笔记": "学习了 useState 和 useEffect",
		}
		for column, value := range want {
			if fmt.Sprint(rows[0][column]) != fmt.Sprint(value) {
				t.Errorf("%s is %v, want %v", column, rows[0][column], value)
			}
		}
		if s.sandbox.CallCount("record.batch_create", "") != 1 {
			t.Errorf("%d writes, want one for all rows", s.sandbox.CallCount("record.batch_create", ""))
		}
	})
	t.Run("writes the good records and names the keys of the bad ones", func(t *testing.T) {
		before := len(s.rows())
		got, answer := s.sync(s.token, `{"records":[{"topic":"good"},{"topic":"bad","date":"03/04/2025"},{"topic":"bad","duration":"an hour"}]}`)
		if got.status != http.StatusOK || *answer.Success || answer.Total != 3 || answer.Succeeded != 1 || answer.Failed != 2 ||
			len(answer.Errors) != 2 {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		if e := answer.Errors[0]; *e.Index != 1 || e.Field != "date" || e.Code != "value_mismatch" {
			t.Errorf("%+v", e)
		}
		if e := answer.Errors[1]; *e.Index != 2 || e.Field != "duration" {
			t.Errorf("%+v", e)
		}
		if len(s.rows()) != before+1 {
			t.Errorf("%d rows more", len(s.rows())-before)
		}
	})
	t.Run("takes one record without its list", func(t *testing.T) {
		before := len(s.rows())
		got, answer := s.sync(s.token, `{"topic":"alone","duration":30}`)
		if got.status != http.StatusOK || answer.Succeeded != 1 || len(s.rows()) != before+1 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("refuses an object without any of the keys", func(t *testing.T) {
		before := len(s.rows())
		got, answer := s.sync(s.token, `{"data":[{"topic":"inside"}]}`)
		if *answer.Success || answer.Succeeded != 0 || len(s.rows()) != before {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("names what a page sends beside", func(t *testing.T) {
		got, answer := s.sync(s.token, `{"records":[{"id":7,"topic":"x","createdAt":"2024-01-01","duration":null,"notes":""}]}`)
		if got.status != http.StatusOK || !*answer.Success || !strings.Contains(answer.Message, "createdAt, id") {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("writes two honest identical records twice", func(t *testing.T) {
		before := len(s.rows())
		for range 2 {
			if _, answer := s.sync(s.token, `{"records":[{"topic":"again"}]}`); !*answer.Success {
				t.Error("not written")
			}
		}
		if len(s.rows()) != before+2 {
			t.Errorf("%d rows more, want 2", len(s.rows())-before)
		}
	})
	t.Run("writes once what was repeated after a lost answer", func(t *testing.T) {
		before := len(s.rows())
		s.fault(sandbox.Fault{Endpoint: "record.batch_create", Count: 1, Action: sandbox.ActionCut, When: sandbox.AfterCommit})
		for {
			if got, answer := s.sync(s.token, `{"records":[{"topic":"once"}]}`); got.status < 500 && *answer.Success {
				break
			}
		}
		if len(s.rows()) != before+1 {
			t.Errorf("%d rows more, want 1", len(s.rows())-before)
		}
	})
	for _, test := range []struct {
		name, token, body string
		status            int
		want              string
	}{
		{"asks for its token", "", `{"records":[]}`, 401, "Authorization"},
		{"refuses another token", "wrong", `{"records":[]}`, 403, "令牌不正确"},
		{"refuses a connection key", "rgk_x", `{"records":[]}`, 403, "API_AUTH_TOKEN"},
		{"refuses a body that is none", s.token, `{"records":[`, 400, ""},
		{"refuses a body without records", s.token, `{}`, 400, ""},
		{"refuses other names beside the records", s.token, `{"records":[],"table":"x"}`, 400, "table"},
		{"refuses records that are none", s.token, `{"records":[1]}`, 400, ""},
		{"answers no records with no rows", s.token, `{"records":[]}`, 200, ""},
		{"says so where no record is good", s.token, `{"records":[{"duration":"x"}]}`, 422, "duration"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, answer := s.sync(test.token, test.body)
			if got.status != test.status || *answer.Success != (test.status == 200) || !strings.Contains(got.raw, test.want) {
				t.Errorf("%d %s", got.status, got.raw)
			}
		})
	}
	t.Run("says when to try again while Feishu is down", func(t *testing.T) {
		s.fault(sandbox.Fault{Endpoint: "record.batch_create", Count: 8, Action: sandbox.ActionHTML})
		got, answer := s.sync(s.token, `{"records":[{"topic":"later"}]}`)
		if got.status < 500 || *answer.Success || answer.Failed != 1 || got.header.Get("Retry-After") == "" {
			t.Errorf("%d %v %s", got.status, got.header, got.raw)
		}
	})
	s.leaks(s.token)
}

func TestSyncHello(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	got := s.send("GET", "/api/hello", s.token, "", nil)
	var answer struct {
		Success   bool   `json:"success"`
		Message   string `json:"message"`
		Timestamp string `json:"timestamp"`
	}
	if err := json.Unmarshal([]byte(got.raw), &answer); err != nil || got.status != 200 || !answer.Success || answer.Message == "" ||
		!strings.HasSuffix(answer.Timestamp, "Z") {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got = s.send("GET", "/api/hello", "", "", nil); got.status != 401 || !strings.Contains(got.raw, `"success":false`) {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

// Without API_AUTH_TOKEN the service is open to whoever reaches it, as its predecessor was.
func TestSyncOpen(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{}, "API_AUTH_TOKEN")
	if got, answer := s.sync("", `{"records":[{"topic":"open"}]}`); got.status != 200 || !*answer.Success || len(s.rows()) != 1 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := s.send("GET", "/health", "", "", nil); got.status != 404 {
		t.Errorf("health without a token: %d %s", got.status, got.raw)
	}
}
