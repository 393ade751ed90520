package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
)

// maxAdminBody bounds an admin request, in bytes.
const maxAdminBody = 16 << 20

// adminHandler serves /sandbox/…, which the package comment documents. Errors are {"error": "…"} with status 400 or 404.
func (s *Sandbox) adminHandler() http.Handler {
	r := chi.NewRouter()
	r.Get("/sandbox/health", answering(func(*http.Request) (any, error) { return map[string]string{"status": "ok"}, nil }))
	r.Post("/sandbox/reset", answering(func(*http.Request) (any, error) { s.Reset(); return done, nil }))
	r.Get("/sandbox/options", answering(func(*http.Request) (any, error) { return s.Options(), nil }))
	r.Patch("/sandbox/options", answering(s.adminOptions))

	r.Get("/sandbox/endpoints", answering(func(*http.Request) (any, error) { return map[string]any{"endpoints": Endpoints()}, nil }))
	r.Get("/sandbox/codes", answering(func(*http.Request) (any, error) { return map[string]any{"codes": s.Codes()}, nil }))

	r.Post("/sandbox/apps", answering(s.adminApp))
	r.Post("/sandbox/bases", answering(s.adminBase))
	r.Post("/sandbox/bases/{app_token}/tables", answering(s.adminTable))
	r.Post("/sandbox/people", answering(s.adminPerson))
	r.Get("/sandbox/bases/{app_token}/tables/{table_id}/rows", answering(s.adminRows))
	r.Post("/sandbox/bases/{app_token}/tables/{table_id}/rows", answering(s.adminAddRows))
	r.Get("/sandbox/bases/{app_token}/tables/{table_id}/counts", answering(s.adminCounts))
	r.Get("/sandbox/files", answering(func(*http.Request) (any, error) { return map[string]any{"files": s.Files()}, nil }))
	r.Get("/sandbox/verify", answering(s.adminVerify))

	r.Get("/sandbox/calls", answering(func(*http.Request) (any, error) { return map[string]any{"calls": s.Calls()}, nil }))
	r.Get("/sandbox/journal", answering(func(*http.Request) (any, error) { return map[string]any{"journal": s.Journal()}, nil }))
	r.Delete("/sandbox/calls", answering(func(*http.Request) (any, error) { s.ResetCalls(); return done, nil }))

	r.Get("/sandbox/faults", answering(func(*http.Request) (any, error) { return map[string]any{"faults": s.Faults()}, nil }))
	r.Post("/sandbox/faults", answering(s.adminFault))
	r.Delete("/sandbox/faults", answering(func(*http.Request) (any, error) { s.ClearFaults(); return done, nil }))
	r.Delete("/sandbox/faults/{id}", answering(s.adminRemoveFault))
	r.Post("/sandbox/tokens/expire", answering(s.adminExpire))
	return r
}

var (
	done        = map[string]bool{"ok": true}
	errNotThere = errors.New("there is no such thing here")
	errNegative = errors.New("left must not be negative")
)

// answering makes a handler of a function that answers a value or an error.
func answering(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := answer(r)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		switch {
		case errors.Is(err, errNotThere):
			w.WriteHeader(http.StatusNotFound)
			value = map[string]string{"error": err.Error()}
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
			value = map[string]string{"error": err.Error()}
		}
		_, _ = w.Write(encode(value))
	}
}

func readJSON(r *http.Request, v any) error {
	b, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxAdminBody))
	if err != nil {
		return err
	}
	return strictJSON(b, v)
}

func (s *Sandbox) adminOptions(r *http.Request) (any, error) {
	options := s.Options()
	if err := readJSON(r, &options); err != nil {
		return nil, err
	}
	if err := s.SetOptions(options); err != nil {
		return nil, err
	}
	return s.Options(), nil
}

func (s *Sandbox) adminApp(r *http.Request) (any, error) {
	var spec AppSpec
	if err := readJSON(r, &spec); err != nil {
		return nil, err
	}
	return done, s.AddApp(spec)
}

func (s *Sandbox) adminBase(r *http.Request) (any, error) {
	var spec struct {
		BaseSpec
		Tables []TableSpec `json:"tables"`
	}
	if err := readJSON(r, &spec); err != nil {
		return nil, err
	}
	made, err := s.AddBase(spec.BaseSpec)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for _, table := range spec.Tables {
		id, err := made.AddTableSpec(table)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return map[string]any{"app_token": made.Token(), "table_ids": ids}, nil
}

func (s *Sandbox) adminTable(r *http.Request) (any, error) {
	b, ok := s.Base(chi.URLParam(r, "app_token"))
	if !ok {
		return nil, errNotThere
	}
	var spec TableSpec
	if err := readJSON(r, &spec); err != nil {
		return nil, err
	}
	id, err := b.AddTableSpec(spec)
	return map[string]string{"table_id": id}, err
}

func (s *Sandbox) adminPerson(r *http.Request) (any, error) {
	var spec PersonSpec
	if err := readJSON(r, &spec); err != nil {
		return nil, err
	}
	return done, s.AddPerson(spec)
}

func (s *Sandbox) adminRows(r *http.Request) (any, error) {
	rows, err := s.Rows(chi.URLParam(r, "app_token"), chi.URLParam(r, "table_id"))
	if err != nil {
		return nil, errNotThere
	}
	return map[string]any{"rows": rows}, nil
}

func (s *Sandbox) adminCounts(r *http.Request) (any, error) {
	counts, err := s.CountBy(chi.URLParam(r, "app_token"), chi.URLParam(r, "table_id"), r.URL.Query().Get("column"))
	if err != nil {
		return nil, errNotThere
	}
	return map[string]any{"counts": counts}, nil
}

func (s *Sandbox) adminAddRows(r *http.Request) (any, error) {
	b, ok := s.Base(chi.URLParam(r, "app_token"))
	if !ok {
		return nil, errNotThere
	}
	var rows struct {
		Rows []map[string]any `json:"rows"`
	}
	if err := readJSON(r, &rows); err != nil {
		return nil, err
	}
	ids, err := b.AddRows(chi.URLParam(r, "table_id"), rows.Rows...)
	return map[string]any{"record_ids": ids}, err
}

func (s *Sandbox) adminVerify(*http.Request) (any, error) {
	return done, s.Verify()
}

func (s *Sandbox) adminFault(r *http.Request) (any, error) {
	var f Fault
	if err := readJSON(r, &f); err != nil {
		return nil, err
	}
	id, err := s.AddFault(f)
	return map[string]string{"id": id}, err
}

func (s *Sandbox) adminRemoveFault(r *http.Request) (any, error) {
	if !s.RemoveFault(chi.URLParam(r, "id")) {
		return nil, errNotThere
	}
	return done, nil
}

func (s *Sandbox) adminExpire(r *http.Request) (any, error) {
	var order struct {
		App  string `json:"app_id"`
		Left text   `json:"left"`
	}
	if err := readJSON(r, &order); err != nil {
		return nil, err
	}
	if order.Left < 0 {
		return nil, errNegative
	}
	s.ExpireTokens(order.App, time.Duration(order.Left))
	return done, nil
}

// faultJSON gives Fault its delay as text; the alias drops Fault's own methods.
type (
	faultFields Fault
	faultJSON   struct {
		*faultFields
		Delay  text `json:"delay,omitempty"`
		Seen   *int `json:"seen,omitempty"`
		Struck *int `json:"struck,omitempty"`
	}
)

// UnmarshalJSON reads a fault; delay is text ("300ms").
func (f *Fault) UnmarshalJSON(b []byte) error {
	wire := faultJSON{faultFields: (*faultFields)(f)}
	if err := strictJSON(b, &wire); err != nil {
		return err
	}
	f.Delay = time.Duration(wire.Delay)
	return nil
}

// MarshalJSON writes the fault and how often it was met.
func (s FaultStatus) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultJSON{(*faultFields)(&s.Fault), text(s.Delay), &s.Seen, &s.Struck})
}
