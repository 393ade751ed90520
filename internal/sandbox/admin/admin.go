package admin

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// MaxAdminBody bounds an admin request, in bytes.
const MaxAdminBody = 16 << 20

// Admin seeds the sandbox and looks into it, in Go and over /sandbox/. It is safe for concurrent use.
type Admin struct {
	server *core.Server
	store  *state.Store
}

// New makes an Admin of server and store and lets the server answer /sandbox/ with it.
func New(server *core.Server, store *state.Store) *Admin {
	a := &Admin{server: server, store: store}
	server.ServeAdmin(a.adminHandler())
	return a
}

// adminHandler serves the pages and the endpoints. Errors of endpoints are {"error": "…"} with status 400 or 404.
func (a *Admin) adminHandler() http.Handler {
	r := chi.NewRouter()
	for _, e := range a.endpoints() {
		r.Method(e.Method, e.Path, answering(e.answer))
	}
	for _, path := range []string{"/", "/sandbox", "/sandbox/"} {
		r.Get(path, a.indexPage)
	}
	r.Get("/sandbox/pages/{app_token}", a.basePage)
	return guarded(r)
}

var (
	done        = map[string]bool{"ok": true}
	errNotFound = errors.New("not found")
	errNegative = errors.New("left must not be negative")
)

// answering makes a handler of a function that answers a value or an error.
func answering(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := answer(r)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		switch {
		case errors.Is(err, errNotFound):
			w.WriteHeader(http.StatusNotFound)
			value = map[string]string{"error": err.Error()}
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
			value = map[string]string{"error": err.Error()}
		}
		_, _ = w.Write(core.Encode(value))
	}
}

func readJSON(r *http.Request, v any) error {
	b, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, MaxAdminBody))
	if err != nil {
		return err
	}
	return core.StrictJSON(b, v)
}

func (a *Admin) adminOptions(r *http.Request) (any, error) {
	options := a.server.Options()
	if err := readJSON(r, &options); err != nil {
		return nil, err
	}
	if err := a.server.SetOptions(options); err != nil {
		return nil, err
	}
	return a.server.Options(), nil
}

func (a *Admin) adminApp(r *http.Request) (any, error) {
	var spec state.AppSpec
	if err := readJSON(r, &spec); err != nil {
		return nil, err
	}
	return done, a.AddApp(spec)
}

func (a *Admin) adminBase(r *http.Request) (any, error) {
	var spec struct {
		state.BaseSpec
		Tables []state.TableSpec `json:"tables"`
	}
	if err := readJSON(r, &spec); err != nil {
		return nil, err
	}
	made, err := a.AddBase(spec.BaseSpec)
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

func (a *Admin) adminTable(r *http.Request) (any, error) {
	b, ok := a.Base(chi.URLParam(r, "app_token"))
	if !ok {
		return nil, errNotFound
	}
	var spec state.TableSpec
	if err := readJSON(r, &spec); err != nil {
		return nil, err
	}
	id, err := b.AddTableSpec(spec)
	return map[string]string{"table_id": id}, err
}

func (a *Admin) adminPerson(r *http.Request) (any, error) {
	var spec state.PersonSpec
	if err := readJSON(r, &spec); err != nil {
		return nil, err
	}
	return done, a.AddPerson(spec)
}

func (a *Admin) adminRows(r *http.Request) (any, error) {
	rows, err := a.Rows(chi.URLParam(r, "app_token"), chi.URLParam(r, "table_id"))
	if err != nil {
		return nil, errNotFound
	}
	return map[string]any{"rows": rows}, nil
}

func (a *Admin) adminCounts(r *http.Request) (any, error) {
	counts, err := a.CountBy(chi.URLParam(r, "app_token"), chi.URLParam(r, "table_id"), r.URL.Query().Get("column"))
	if err != nil {
		return nil, errNotFound
	}
	return map[string]any{"counts": counts}, nil
}

func (a *Admin) adminAddRows(r *http.Request) (any, error) {
	b, ok := a.Base(chi.URLParam(r, "app_token"))
	if !ok {
		return nil, errNotFound
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

func (a *Admin) adminVerify(*http.Request) (any, error) {
	return done, a.Verify()
}

func (a *Admin) adminFault(r *http.Request) (any, error) {
	var f core.Fault
	if err := readJSON(r, &f); err != nil {
		return nil, err
	}
	id, err := a.server.AddFault(f)
	return map[string]string{"id": id}, err
}

func (a *Admin) adminRemoveFault(r *http.Request) (any, error) {
	if !a.server.RemoveFault(chi.URLParam(r, "id")) {
		return nil, errNotFound
	}
	return done, nil
}

func (a *Admin) adminExpire(r *http.Request) (any, error) {
	var order struct {
		App  string        `json:"app_id"`
		Left core.Duration `json:"left"`
	}
	if err := readJSON(r, &order); err != nil {
		return nil, err
	}
	if order.Left < 0 {
		return nil, errNegative
	}
	a.server.ExpireTokens(order.App, time.Duration(order.Left))
	return done, nil
}
