package core

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed codes.tsv
var codesTSV string

// codeKey names one row of codes.tsv; endpoint "*" holds for every endpoint.
type codeKey struct {
	code     int
	endpoint string
}

type codeRow struct {
	status int
	msg    string
}

// codeTable says with which status and msg an endpoint answers a code.
type codeTable map[codeKey]codeRow

// parse adds the rows of a family's codes.tsv.
func (t codeTable) parse(family, tsv string) error {
	for n, line := range strings.Split(strings.TrimSpace(tsv), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "\t")
		if len(columns) != 4 {
			return fmt.Errorf("%s: codes.tsv line %d: %d columns, not 4", family, n+1, len(columns))
		}
		code, err := strconv.Atoi(columns[0])
		if err != nil {
			return fmt.Errorf("%s: codes.tsv line %d: code: %w", family, n+1, err)
		}
		status, err := strconv.Atoi(columns[1])
		if err != nil {
			return fmt.Errorf("%s: codes.tsv line %d: status: %w", family, n+1, err)
		}
		for name := range strings.SplitSeq(columns[3], ",") {
			t[codeKey{code, name}] = codeRow{status, columns[2]}
		}
	}
	return nil
}

// AnswerCode is a code that an endpoint can answer, with its HTTP status and msg. Endpoint "*" stands for every endpoint.
type AnswerCode struct {
	Code     int    `json:"code"`
	Status   int    `json:"status"`
	Msg      string `json:"msg"`
	Endpoint string `json:"endpoint"`
}

// Codes returns all codes of all endpoints, by code and endpoint: what a client must be able to meet. An error fault makes the sandbox
// answer any of them.
func (s *Server) Codes() []AnswerCode {
	out := make([]AnswerCode, 0, len(s.codes))
	for key, row := range s.codes {
		out = append(out, AnswerCode{key.code, row.status, row.msg, key.endpoint})
	}
	slices.SortFunc(out, func(a, b AnswerCode) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	return out
}

// find returns the row of code at the endpoint, else the one of every endpoint, else 200 and a bare text: the record endpoints answer
// what their own table does not list with 200 as well.
func (t codeTable) find(code int, endpoint string) codeRow {
	if row, ok := t[codeKey{code, endpoint}]; ok {
		return row
	}
	if row, ok := t[codeKey{code, "*"}]; ok {
		return row
	}
	return codeRow{200, "error " + strconv.Itoa(code)}
}
