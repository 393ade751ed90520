package sandbox

import (
	"cmp"
	"strings"
	"sync"
)

// directory is the tenant's people.
type directory struct {
	mu   sync.Mutex
	byID map[string]*person // under "open_id:ou_…", "union_id:on_…", "user_id:…"
	list []*person
}

type person struct{ PersonSpec }

func (d *directory) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.byID, d.list = map[string]*person{}, nil
}

func (d *directory) add(spec PersonSpec) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := &person{spec}
	p.Name = cmp.Or(p.Name, spec.OpenID)
	p.fillIDs()
	d.index(p)
	d.list = append(d.list, p)
}

func (p *person) fillIDs() {
	suffix := strings.TrimPrefix(p.OpenID+p.UnionID+p.UserID, "ou_")
	suffix = strings.TrimPrefix(suffix, "on_")
	p.OpenID = cmp.Or(p.OpenID, "ou_"+suffix)
	p.UnionID = cmp.Or(p.UnionID, "on_"+suffix)
	p.UserID = cmp.Or(p.UserID, suffix)
}

func (d *directory) index(p *person) {
	d.byID["open_id:"+p.OpenID] = p
	d.byID["union_id:"+p.UnionID] = p
	d.byID["user_id:"+p.UserID] = p
}

// resolve finds a person by an id of the given type. An id that is well formed but unknown makes a nameless person when create is set.
func (d *directory) resolve(idType, id string, create bool) (*person, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.byID[idType+":"+id]; p != nil {
		return p, true
	}
	p := &person{}
	switch {
	case !create || strings.ContainsAny(id, "@ \t\n"):
		return nil, false
	case idType == "open_id" && strings.HasPrefix(id, "ou_"):
		p.OpenID = id
	case idType == "union_id" && strings.HasPrefix(id, "on_"):
		p.UnionID = id
	case idType == "user_id" && !strings.HasPrefix(id, "ou_") && !strings.HasPrefix(id, "on_"):
		p.UserID = id
	default:
		return nil, false
	}
	p.fillIDs()
	p.Name = p.OpenID
	d.index(p)
	return p, true
}

func (p *person) id(idType string) string {
	switch idType {
	case "union_id":
		return p.UnionID
	case "user_id":
		return p.UserID
	default:
		return p.OpenID
	}
}

// show is a person in the read shape.
func (p *person) show(idType string) map[string]any {
	return map[string]any{
		"id": p.id(idType), "name": p.Name, "en_name": p.EnName, "email": p.Email,
		"avatar_url": "https://internal-api-lark-file.feishu.cn/static-resource/v1/" + p.OpenID,
	}
}

// maxLookup is how many emails, and how many mobiles, one lookup takes.
const maxLookup = 50

// batchGetUserIDs answers contact/v3/users/batch_get_id: one entry for each email and mobile, without user_id when nobody has it.
func batchGetUserIDs(c *call) (any, *failure) {
	var body struct {
		Emails  []string `json:"emails"`
		Mobiles []string `json:"mobiles"`
		// IncludeResigned is accepted; nobody has resigned in the sandbox.
		IncludeResigned bool `json:"include_resigned"`
	}
	if f := c.decode(&body); f != nil {
		return nil, violation("body", "", "the body must be a JSON object of lists of strings")
	}
	if len(body.Emails) > maxLookup {
		return nil, violation("emails", "", "the max len is 50")
	}
	if len(body.Mobiles) > maxLookup {
		return nil, violation("mobiles", "", "the max len is 50")
	}
	idType, f := c.userIDType()
	if f != nil {
		return nil, f
	}
	end, f := c.begin(nil, len(body.Emails)+len(body.Mobiles))
	if f != nil {
		return nil, f
	}
	defer end()
	d := &c.store.people
	d.mu.Lock()
	defer d.mu.Unlock()
	found := []map[string]any{}
	look := func(kind, value string, match func(*person) bool) {
		entry := map[string]any{kind: value}
		for _, p := range d.list {
			if match(p) {
				entry["user_id"] = p.id(idType)
			}
		}
		found = append(found, entry)
	}
	for _, email := range body.Emails {
		look("email", email, func(p *person) bool { return p.Email != "" && strings.EqualFold(p.Email, email) })
	}
	for _, mobile := range body.Mobiles {
		look("mobile", mobile, func(p *person) bool {
			return p.Mobile != "" && strings.TrimPrefix(p.Mobile, "+86") == strings.TrimPrefix(mobile, "+86")
		})
	}
	return map[string]any{"user_list": found}, nil
}
