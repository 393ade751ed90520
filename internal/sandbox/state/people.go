package state

import (
	"cmp"
	"strings"
	"sync"
)

// directory is the tenant's people.
type directory struct {
	Mu   sync.Mutex
	byID map[string]*Person // under "open_id:ou_…", "union_id:on_…", "user_id:…"
	List []*Person
}

type Person struct{ PersonSpec }

func (d *directory) reset() {
	d.Mu.Lock()
	defer d.Mu.Unlock()
	d.byID, d.List = map[string]*Person{}, nil
}

func (d *directory) Add(spec PersonSpec) {
	d.Mu.Lock()
	defer d.Mu.Unlock()
	p := &Person{spec}
	p.Name = cmp.Or(p.Name, spec.OpenID)
	p.fillIDs()
	d.index(p)
	d.List = append(d.List, p)
}

func (p *Person) fillIDs() {
	suffix := strings.TrimPrefix(p.OpenID+p.UnionID+p.UserID, "ou_")
	suffix = strings.TrimPrefix(suffix, "on_")
	p.OpenID = cmp.Or(p.OpenID, "ou_"+suffix)
	p.UnionID = cmp.Or(p.UnionID, "on_"+suffix)
	p.UserID = cmp.Or(p.UserID, suffix)
}

func (d *directory) index(p *Person) {
	d.byID["open_id:"+p.OpenID] = p
	d.byID["union_id:"+p.UnionID] = p
	d.byID["user_id:"+p.UserID] = p
}

// Resolve finds a person by an id of the given type. An id that is well formed but unknown makes a nameless person when create is set.
func (d *directory) Resolve(idType, id string, create bool) (*Person, bool) {
	d.Mu.Lock()
	defer d.Mu.Unlock()
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

// Show is a person in the read shape.
func (p *Person) Show(idType string) map[string]any {
	return map[string]any{
		"id": p.ID(idType), "name": p.Name, "en_name": p.EnName, "email": p.Email,
		"avatar_url": "https://internal-api-lark-file.feishu.cn/static-resource/v1/" + p.OpenID,
	}
}
