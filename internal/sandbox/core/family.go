package core

// Family is a group of endpoints with the codes that they answer and the state that they keep outside the store.
type Family struct {
	Name   string // of its folder
	Routes []*Route
	Codes  string   // rows in the form of codes.tsv, for the family's endpoints only; "" for none
	Scopes []string // granted to an app whose AppSpec names no scopes
	Reset  func()   // clears the family's own state; nil if it has none
}

// Endpoint is a method and path that the sandbox serves, and its name in faults, counters and Codes.
type Endpoint struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	Path   string `json:"path"` // with :name for a parameter
}

// Endpoints returns what the server serves under /open-apis.
func (s *Server) Endpoints() []Endpoint { return Endpoints(s.families) }

// Endpoints returns what these families serve under /open-apis.
func Endpoints(families []Family) []Endpoint {
	out := []Endpoint{}
	for _, f := range families {
		for _, e := range f.Routes {
			out = append(out, Endpoint{e.Name, e.Method, "/open-apis" + e.Path})
		}
	}
	return out
}

// DefaultScopes are the scopes of an app whose AppSpec names none.
func (s *Server) DefaultScopes() []string { return Scopes(s.families) }

// Scopes returns the scopes that these families grant to an app whose AppSpec names none.
func Scopes(families []Family) []string {
	var all []string
	for _, f := range families {
		all = append(all, f.Scopes...)
	}
	return all
}
