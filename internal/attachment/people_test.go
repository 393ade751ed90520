package attachment

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
)

const lookUp = "contact.batch_get_id"

func TestPeople(t *testing.T) {
	t.Parallel()

	t.Run("finds_people_by_email_and_mobile_in_one_call", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.person(t, sandbox.PersonSpec{OpenID: "ou_zhang", Email: "Zhang@example.com"})
			b.person(t, sandbox.PersonSpec{OpenID: "ou_li", Mobile: "+8613012345678"})
			got, err := b.people.Find(t.Context(), b.app, "open_id", []string{
				"zhang@example.com", "ZHANG@EXAMPLE.COM", "13012345678", "+8613012345678", "nobody@example.com",
			})
			must(t, err)
			want := map[string]string{
				"zhang@example.com": "ou_zhang", "ZHANG@EXAMPLE.COM": "ou_zhang", "13012345678": "ou_li", "+8613012345678": "ou_li",
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if n := b.sb.CallCount(lookUp, ""); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	})
	t.Run("asks_once_for_fifty_emails_and_fifty_mobiles", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			var addresses []string
			for i := range 120 {
				person := sandbox.PersonSpec{
					OpenID: fmt.Sprintf("ou_%d", i), Email: fmt.Sprintf("p%d@example.com", i), Mobile: fmt.Sprintf("13%09d", i),
				}
				b.person(t, person)
				addresses = append(addresses, person.Email)
				if i < 60 {
					addresses = append(addresses, person.Mobile)
				}
			}
			got, err := b.people.Find(t.Context(), b.app, "open_id", addresses)
			must(t, err)
			if len(got) != 180 || got["p119@example.com"] != "ou_119" || got["13000000059"] != "ou_59" {
				t.Errorf("found %d of 180", len(got))
			}
			if n := b.sb.CallCount(lookUp, ""); n != 3 {
				t.Errorf("%d calls, want 3: 50 and 50, 50 and 10, 20", n)
			}
		})
	})
	t.Run("remembers_who_was_found_and_asks_again_for_who_was_not", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.person(t, sandbox.PersonSpec{OpenID: "ou_zhang", Email: "zhang@example.com"})
			for _, step := range []struct {
				address, idType string
				calls           int
			}{
				{"zhang@example.com", "open_id", 1},
				{"zhang@example.com", "open_id", 1},
				{"zhang@example.com", "union_id", 2},
				{"nobody@example.com", "open_id", 3},
				{"nobody@example.com", "open_id", 4},
			} {
				_, err := b.people.Find(t.Context(), b.app, step.idType, []string{step.address})
				must(t, err)
				if n := b.sb.CallCount(lookUp, ""); n != step.calls {
					t.Errorf("%s as %s: %d calls, want %d", step.address, step.idType, n, step.calls)
				}
			}
			time.Sleep(PeopleFor + time.Second) // fake clock
			_, err := b.people.Find(t.Context(), b.app, "open_id", []string{"zhang@example.com"})
			must(t, err)
			if n := b.sb.CallCount(lookUp, ""); n != 5 {
				t.Errorf("%d calls after %s, want 5", n, PeopleFor)
			}
		})
	})
	t.Run("tells_one_credential_nothing_of_another's_people", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.person(t, sandbox.PersonSpec{OpenID: "ou_zhang", Email: "zhang@example.com"})
			_, err := b.people.Find(t.Context(), b.app, "open_id", []string{"zhang@example.com"})
			must(t, err)
			wrong := b.app
			wrong.Secret = newSecret("anotherSecret")
			_, err = b.people.Find(t.Context(), wrong, "open_id", []string{"zhang@example.com"})
			wantProblem(t, err, problem.BadAppCredentials)
		})
	})
	t.Run("returns_a_missing_scope_as_the_app's_problem", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			must(t, b.sb.AddApp(sandbox.AppSpec{ID: testApp, Secret: testSecret, Scopes: []string{"bitable:app"}}))
			_, err := b.people.Find(t.Context(), b.app, "open_id", []string{"zhang@example.com"})
			wantProblem(t, err, problem.ScopeMissing)
		})
	})
	t.Run("asks_nothing_for_nobody", func(t *testing.T) {
		t.Parallel()
		people := NewPeople(nil, func(feishu.App) string { return "" })
		defer people.Close()
		if ids, err := people.Find(t.Context(), feishu.App{}, "open_id", nil); err != nil || len(ids) != 0 {
			t.Errorf("%v, %v", ids, err)
		}
	})
}

func (b *bundle) person(t *testing.T, spec sandbox.PersonSpec) {
	t.Helper()
	must(t, b.sb.AddPerson(spec))
}
