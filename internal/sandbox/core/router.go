package core

import (
	"slices"
	"strings"
)

// router finds the endpoint of a method and path.
type router struct {
	byShape map[shape][]candidate
	byName  map[string]*Route
}

type shape struct {
	method   string
	segments int
}

type candidate struct {
	*Route
	segments []string
}

func newRouter(families []Family) *router {
	r := &router{byShape: map[shape][]candidate{}, byName: map[string]*Route{}}
	for _, f := range families {
		for _, e := range f.Routes {
			segments := strings.Split(e.Path[1:], "/")
			key := shape{e.Method, len(segments)}
			r.byShape[key] = append(r.byShape[key], candidate{e, segments})
			r.byName[e.Name] = e
		}
	}
	// A fixed segment wins over a parameter: ".../records/search" does not name a record.
	for _, list := range r.byShape {
		slices.SortStableFunc(list, func(a, b candidate) int { return strings.Count(a.Path, ":") - strings.Count(b.Path, ":") })
	}
	return r
}

// bitablePath is what the paths of Bitable begin with, after /open-apis.
const bitablePath = "/bitable/v1/"

// match returns nil for an unknown path or a method that the path does not take. The token endpoints take a trailing slash, and Bitable
// does with slash.
func (r *router) match(method, path string, slash bool) (*Route, map[string]string) {
	rest, ok := strings.CutPrefix(path, "/open-apis/")
	if !ok {
		return nil, nil
	}
	if strings.HasPrefix(rest, "auth/") || slash && strings.HasPrefix("/"+rest, bitablePath) {
		rest = strings.TrimSuffix(rest, "/")
	}
	segments := strings.Split(rest, "/")
	for _, c := range r.byShape[shape{method, len(segments)}] {
		if params, ok := c.match(segments); ok {
			return c.Route, params
		}
	}
	return nil, nil
}

func (c candidate) match(segments []string) (map[string]string, bool) {
	for i, want := range c.segments {
		if segments[i] == "" || (want[0] != ':' && want != segments[i]) {
			return nil, false
		}
	}
	params := make(map[string]string, 3)
	for i, want := range c.segments {
		if want[0] == ':' {
			params[want[1:]] = segments[i]
		}
	}
	return params, true
}
