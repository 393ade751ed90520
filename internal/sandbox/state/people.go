package state

import (
	"cmp"
	"strings"
	"sync"
)

// Directory is the tenant's people. It is safe for concurrent use.
type Directory struct {
	mu   sync.Mutex
	byID map[string]*Person // under "open_id:ou_…", "union_id:on_…", "user_id:…"
	list []*Person
}

// Person is an entry of the directory. It does not change.
type Person struct{ PersonSpec }

func (d *Directory) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.byID, d.list = map[string]*Person{}, nil
}

// Add makes a person known; ids that are missing are made from those that are there.
func (d *Directory) Add(spec PersonSpec) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := &Person{spec}
	p.Name = cmp.Or(p.Name, spec.OpenID)
	p.fillIDs()
	d.index(p)
	d.list = append(d.list, p)
}

func (p *Person) fillIDs() {
	suffix := strings.TrimPrefix(p.OpenID+p.UnionID+p.UserID, "ou_")
	suffix = strings.TrimPrefix(suffix, "on_")
	p.OpenID = cmp.Or(p.OpenID, "ou_"+suffix)
	p.UnionID = cmp.Or(p.UnionID, "on_"+suffix)
	p.UserID = cmp.Or(p.UserID, suffix)
}

func (d *Directory) index(p *Person) {
	d.byID["open_id:"+p.OpenID] = p
	d.byID["union_id:"+p.UnionID] = p
	d.byID["user_id:"+p.UserID] = p
}

// Resolve finds a person by an id of the given type. An id that is well formed but unknown makes a nameless person when create is set.
func (d *Directory) Resolve(idType, id string, create bool) (*Person, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.byID[idType+":"+id]; p != nil {
		return p, true
	}
	p := &Person{}
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

// ID is the person's id of that type: open_id, union_id or user_id.
func (p *Person) ID(idType string) string {
	switch idType {
	case "union_id":
		return p.UnionID
	case "user_id":
		return p.UserID
	default:
		return p.OpenID
	}
}

// ByEmail returns the person with that email, compared without case; nil if there is none.
func (d *Directory) ByEmail(email string) *Person {
	return d.last(func(p *Person) bool { return p.Email != "" && strings.EqualFold(p.Email, email) })
}

// ByMobile returns the person with that mobile number, with or without +86; nil if there is none.
func (d *Directory) ByMobile(mobile string) *Person {
	return d.last(func(p *Person) bool {
		return p.Mobile != "" && strings.TrimPrefix(p.Mobile, "+86") == strings.TrimPrefix(mobile, "+86")
	})
}

// last returns the person added last of those that match.
func (d *Directory) last(match func(*Person) bool) *Person {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found *Person
	for _, p := range d.list {
		if match(p) {
			found = p
		}
	}
	return found
}

// Show is a person in the read shape.
func (p *Person) Show(idType string) map[string]any {
	return map[string]any{
		"id": p.ID(idType), "name": p.Name, "en_name": p.EnName, "email": p.Email,
		"avatar_url": "https://internal-api-lark-file.feishu.cn/static-resource/v1/" + p.OpenID,
	}
}
