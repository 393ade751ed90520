package tool

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/secret"
)

func TestSpecOf(t *testing.T) {
	t.Parallel()

	t.Run("reads names, kinds, headers and query from the input type", func(t *testing.T) {
		t.Parallel()
		type shared struct {
			AppID     string      `json:"app_id,omitempty" in:"header=X-App-Id,query"`
			AppSecret secret.Text `json:"app_secret,omitzero" in:"header=X-App-Secret"`
		}
		type input struct {
			shared

			Records Rows     `json:"records,omitempty" in:"flat"`
			Fields  Object   `json:"fields,omitempty" row:"true"`
			Keys    List     `json:"key_fields,omitempty" in:"query"`
			Where   Object   `json:"where,omitempty"`
			Columns []string `json:"columns,omitempty"`
			DryRun  *bool    `json:"dry_run,omitempty" in:"query"`
			Limit   *int     `json:"limit,omitempty"`
		}
		got, err := specOf(reflect.TypeFor[input]())
		if err != nil {
			t.Fatal(err)
		}
		want := intake.Spec{
			Params: []intake.Param{
				{Name: "app_id", Kind: intake.Text, Header: "X-App-Id", Query: true},
				{Name: "app_secret", Kind: intake.Text, Header: "X-App-Secret", Secret: true},
				{Name: "records", Kind: intake.Rows},
				{Name: "fields", Kind: intake.Row},
				{Name: "key_fields", Kind: intake.List, Query: true},
				{Name: "where", Kind: intake.Object, MayBeColumn: true},
				{Name: "columns", Kind: intake.Array, MayBeColumn: true},
				{Name: "dry_run", Kind: intake.Bool, Query: true},
				{Name: "limit", Kind: intake.Integer, MayBeColumn: true},
			},
			Rows: "records", Row: "fields", RowsRequired: true, FlatRow: true,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("specOf (-want +got):\n%s", diff)
		}
	})

	for name, breach := range map[string]struct {
		input reflect.Type
		says  string
	}{
		"a plain bool, whose default would overwrite an explicit false": {reflect.TypeFor[struct {
			DryRun bool `json:"dry_run"`
		}](), "no parameter may have type bool"},
		"a plain int": {reflect.TypeFor[struct {
			Limit int `json:"limit"`
		}](), "no parameter may have type int"},
		"a field without a name": {reflect.TypeFor[struct{ Limit *int }](), "no json name"},
		"a secret that may be a query": {reflect.TypeFor[struct {
			Secret secret.Text `json:"app_secret" in:"query"`
		}](), "may not stand in a query"},
		"a tag that nobody reads": {reflect.TypeFor[struct {
			Limit *int `json:"limit" in:"cookie"`
		}](), "unknown in tag"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := specOf(breach.input); err == nil || !strings.Contains(err.Error(), breach.says) {
				t.Errorf("specOf = %v, want an error that says %q", err, breach.says)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given *int
		want  string
	}{
		"25 s unless given": {nil, "25s"},
		"as given":          {new(1500), "1.5s"},
		"at least 1 s":      {new(1), "1s"},
		"at most 55 s":      {new(3_600_000), "55s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (Deadline{TimeoutMS: c.given}).Timeout().String(); got != c.want {
				t.Errorf("Timeout() = %s, want %s", got, c.want)
			}
		})
	}
}

func TestIsCallerGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, leave := context.WithCancel(t.Context())
		ctx, cancel := (Deadline{}).Context(parent)
		defer cancel()
		if IsCallerGone(ctx) {
			t.Error("the caller is gone before the deadline")
		}
		<-ctx.Done()
		if IsCallerGone(ctx) || !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			t.Errorf("the caller is gone after the deadline, cause %v", context.Cause(ctx))
		}
		other, cancelOther := (Deadline{}).Context(parent)
		defer cancelOther()
		leave()
		if <-other.Done(); !IsCallerGone(other) {
			t.Error("a caller who left is not gone")
		}
	})
}
