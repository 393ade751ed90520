package core

// Endpoint is a method and path that the sandbox serves, and its name in faults, counters and Codes.
type Endpoint struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	Path   string `json:"path"` // with :name for a parameter
}

// Endpoints returns what the server serves under /open-apis.
func (s *Server) Endpoints() []Endpoint { return Endpoints(s.families) }

func Endpoints(families []Family) []Endpoint {
	out := []Endpoint{}
	for _, f := range families {
		for _, e := range f.Endpoints {
			out = append(out, Endpoint{e.Name, e.Method, "/open-apis" + e.Path})
		}
	}
	return out
}

// Family is a group of endpoints with what they keep beyond the store.
type Family struct {
	Name      string // of its folder
	Endpoints []*Route
	Scopes    []string // what an app gets of it whose AppSpec names no scopes
	Reset     func()   // forgets what the family keeps by itself; may be nil
}

// DefaultScopes are the scopes of all families.
func (s *Server) DefaultScopes() []string { return Scopes(s.families) }

func Scopes(families []Family) []string {
	var all []string
	for _, f := range families {
		all = append(all, f.Scopes...)
	}
	return all
}
