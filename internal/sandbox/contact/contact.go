package contact

import (
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Family is contact/v3: who has an email or a mobile number.
func Family() core.Family {
	return core.Family{Name: "contact", Scopes: []string{"contact:user.id:readonly", statusScope}, Routes: []*core.Route{
		{
			Name: "contact.batch_get_id", Method: "POST", Path: "/contact/v3/users/batch_get_id", Handle: batchGetUserIDs,
			Rates: append(core.PerMinute(1000), core.PerSecond(50)...), Scopes: []string{"contact:user.id:readonly"},
		},
	}}
}

// statusScope lets an app see the status of a person.
const statusScope = "contact:user.employee:readonly"

// activated is the status of everybody whom the sandbox knows.
var activated = map[string]bool{
	"is_activated": true, "is_exited": false, "is_frozen": false, "is_resigned": false, "is_unjoin": false,
}

// MaxLookup is how many emails, and how many mobiles, one lookup takes.
const MaxLookup = 50

// batchGetUserIDs answers contact/v3/users/batch_get_id: one entry for each email and mobile, without user_id when no person has it.
func batchGetUserIDs(c *core.Call) (any, *core.Failure) {
	var body struct {
		Emails  []string `json:"emails"`
		Mobiles []string `json:"mobiles"`
		// IncludeResigned has no effect: the sandbox has no resigned people.
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
	found, status := []map[string]any{}, c.HasScope(statusScope)
	tell := func(kind, value string, p *state.Person) {
		entry := map[string]any{kind: value}
		if p != nil {
			entry["user_id"] = p.ID(idType)
			if status {
				entry["status"] = activated
			}
		}
		found = append(found, entry)
	}
	for _, email := range body.Emails {
		tell("email", email, c.Store.People.ByEmail(email))
	}
	for _, mobile := range body.Mobiles {
		tell("mobile", mobile, c.Store.People.ByMobile(mobile))
	}
	return map[string]any{"user_list": found}, nil
}
