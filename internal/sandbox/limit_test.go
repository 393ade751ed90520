package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/core"
)

func TestRates(t *testing.T) {
	t.Parallel()
	t.Run("of_every_endpoint_are_the_documented_ones", func(t *testing.T) {
		t.Parallel()
		want := map[string]string{
			"app.create": "20/1m0s", "app.get": "20/1s", "app.update": "10/1s",
			"table.list": "20/1s", "table.create": "10/1s", "table.batch_create": "10/1s", "table.batch_delete": "10/1s",
			"table.delete": "10/1s", "table.update": "10/1s",
			"field.list": "20/1s", "field.create": "10/1s", "field.update": "10/1s", "field.delete": "10/1s",
			"view.list": "20/1s", "view.get": "20/1s", "view.create": "10/1s", "view.update": "10/1s", "view.delete": "10/1s",
			"record.create": "50/1s", "record.batch_create": "50/1s", "record.update": "50/1s", "record.batch_update": "50/1s",
			"record.delete": "50/1s", "record.batch_delete": "50/1s", "record.get": "20/1s", "record.list": "20/1s",
			"record.batch_get": "20/1s", "record.search": "20/1s",
			"wiki.get_node": "100/1m0s", "contact.batch_get_id": "1000/1m0s 50/1s", "media.tmp_url": "5/1s", "media.download": "5/1s 10000/24h0m0s",
		}
		var all []*core.Route
		for _, f := range families() {
			all = append(all, f.Routes...)
		}
		for _, e := range all {
			var got []string
			for _, r := range e.Rates {
				got = append(got, fmt.Sprintf("%d/%s", r.Calls, r.Per))
			}
			if strings.Join(got, " ") != want[e.Name] {
				t.Errorf("%s: %s, want %s", e.Name, got, want[e.Name])
			}
		}
	})
	t.Run("are_kept_per_endpoint_and_app_and_told_in_headers", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{})
			b.must(b.sb.AddApp(AppSpec{ID: "cli_other", Secret: "s"}))
			search := func() reply { return b.do("POST", recordsPath+"/search", nil) }
			for range 20 {
				search().wantOK(t)
			}
			<-time.After(100 * time.Millisecond)
			r := search()
			r.want(t, http.StatusTooManyRequests, 99991400)
			if limit, reset := r.header.Get("x-ogw-ratelimit-limit"), r.header.Get("x-ogw-ratelimit-reset"); limit != "20" || reset != "1" {
				t.Errorf("limit %s, reset %s", limit, reset)
			}
			if r.raw != `{"code":99991400,"msg":"request trigger frequency limit"}` {
				t.Errorf("body %s", r.raw)
			}
			b.create(map[string]any{}).wantOK(t)
			own := b.token
			b.token = b.login("cli_other", "s")
			search().want(t, 403, 91403) // not limited: another app
			b.token = own
			<-time.After(900 * time.Millisecond)
			search().wantOK(t)
		})
	})
	t.Run("of_two_windows_trip_on_either", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{})
			ask := func() reply {
				return b.do("POST", "/contact/v3/users/batch_get_id", map[string]any{"emails": []string{"a@b.c"}})
			}
			for range 20 {
				for range 50 {
					ask().wantOK(t)
				}
				<-time.After(time.Second)
			}
			r := ask()
			r.want(t, http.StatusTooManyRequests, 99991400)
			if limit, reset := r.header.Get("x-ogw-ratelimit-limit"), r.header.Get("x-ogw-ratelimit-reset"); limit != "1000" || reset != "40" {
				t.Errorf("limit %s, reset %s", limit, reset)
			}
		})
	})
	flood := func(b *bundle, n int) reply {
		for range n {
			b.create(map[string]any{}).wantOK(b.t)
		}
		return b.create(map[string]any{})
	}
	for name, tc := range map[string]struct {
		options      Options
		calls        int
		status, code int
	}{
		"can_be_the_services":   {Options{Overload: OverloadService}, 50, 200, 1254290},
		"can_be_off":            {Options{RatesOff: true}, 50, 200, 0},
		"can_be_of_a_base":      {Options{BaseWritesPerSec: 3}, 3, 200, 1254112},
		"can_be_a_months_quota": {Options{MonthlyQuota: 3}, 3, 429, 99991403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { flood(setup(t, tc.options), tc.calls).want(t, tc.status, tc.code) })
		})
	}
	t.Run("of_other_services_stay_the_gateways", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{Overload: OverloadService})
			for range 50 {
				b.do("POST", "/contact/v3/users/batch_get_id", `{}`).wantOK(t)
			}
			b.do("POST", "/contact/v3/users/batch_get_id", `{}`).want(t, 429, 99991400)
		})
	})
	t.Run("of_a_month_do_not_count_failures_and_tokens_and_are_shared_by_the_tenant", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{MonthlyQuota: 1})
		b.must(b.sb.AddApp(AppSpec{ID: "cli_same", Secret: "s"}))
		b.must(b.sb.AddApp(AppSpec{ID: "cli_other", Secret: "s", Tenant: "other"}))
		b.do("POST", recordsPath, `{}`).want(t, 400, 99992402)
		b.create(map[string]any{}).wantOK(t)
		b.token = b.login("cli_same", "s")
		b.create(map[string]any{}).want(t, 429, 99991403)
		b.token = b.login("cli_other", "s")
		b.create(map[string]any{}).want(t, 403, 91403)
	})
}
