package contact

import (
	"strings"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// MaxLookup is how many emails, and how many mobiles, one lookup takes.
const MaxLookup = 50

// batchGetUserIDs answers contact/v3/users/batch_get_id: one entry for each email and mobile, without user_id when nobody has it.
func batchGetUserIDs(c *core.Call) (any, *core.Failure) {
	var body struct {
		Emails  []string `json:"emails"`
		Mobiles []string `json:"mobiles"`
		// IncludeResigned is accepted; nobody has resigned in the sandbox.
		IncludeResigned bool `json:"include_resigned"`
	}
	if f := c.Decode(&body); f != nil {
		return nil, core.Violation("body", "", "the body must be a JSON object of lists of strings")
	}
	if len(body.Emails) > MaxLookup {
		return nil, core.Violation("emails", "", "the max len is 50")
	}
	if len(body.Mobiles) > MaxLookup {
		return nil, core.Violation("mobiles", "", "the max len is 50")
	}
	idType, f := c.UserIDType()
	if f != nil {
		return nil, f
	}
	end, f := c.Begin(nil, len(body.Emails)+len(body.Mobiles))
	if f != nil {
		return nil, f
	}
	defer end()
	d := &c.Store.People
	d.Mu.Lock()
	defer d.Mu.Unlock()
	found := []map[string]any{}
	look := func(kind, value string, match func(*state.Person) bool) {
		entry := map[string]any{kind: value}
		for _, p := range d.List {
			if match(p) {
				entry["user_id"] = p.ID(idType)
			}
		}
		found = append(found, entry)
	}
	for _, email := range body.Emails {
		look("email", email, func(p *state.Person) bool { return p.Email != "" && strings.EqualFold(p.Email, email) })
	}
	for _, mobile := range body.Mobiles {
		look("mobile", mobile, func(p *state.Person) bool {
			return p.Mobile != "" && strings.TrimPrefix(p.Mobile, "+86") == strings.TrimPrefix(mobile, "+86")
		})
	}
	return map[string]any{"user_list": found}, nil
}

// Family is contact/v3: who has an email or a mobile number.
func Family() core.Family {
	return core.Family{Name: "contact", Scopes: []string{"contact:user.id:readonly"}, Endpoints: []*core.Route{
		{Name: "contact.batch_get_id", Method: "POST", Path: "/contact/v3/users/batch_get_id", Rates: core.PerMinute1k, Scopes: []string{"contact:user.id:readonly"}, Handle: batchGetUserIDs},
	}}
}
