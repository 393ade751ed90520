package table

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"

	"github.com/google/uuid"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// Source makes tables and columns. It is implemented by *client.Client.
type Source interface {
	ListFields(ctx context.Context, table feishu.TableRef) ([]feishu.Field, error)
	CreateField(ctx context.Context, table feishu.TableRef, field feishu.Field, clientToken string) (feishu.Field, error)
	CreateTable(
		ctx context.Context,
		app feishu.App,
		appToken, name string,
		fields []feishu.Field,
	) (tableID string, fieldIDs []string, err error)
	// AllowRetry takes one repeat from the budget of the app's host.
	AllowRetry(app feishu.App) bool
}

// MaxColumns bounds the columns of a table. Source: Feishu's limits of a base.
const MaxColumns = 300

// makerTurns is how many tables can get columns at once in one process, at least; the state is that small.
const makerTurns = 64

// Maker makes tables and columns, each once: makers of one table take turns and look first at what is there, and where
// another process was faster its column is taken. It is safe for concurrent use.
type Maker struct {
	source Source
	seed   maphash.Seed
	turns  [makerTurns]chan struct{}
}

// NewMaker makes a maker.
func NewMaker(source Source) *Maker {
	m := &Maker{source: source, seed: maphash.MakeSeed()}
	for i := range m.turns {
		m.turns[i] = make(chan struct{}, 1)
	}
	return m
}

// turn waits until nobody else makes something in the same table or base; call done afterwards.
func (m *Maker) turn(ctx context.Context, key string) (done func(), err error) {
	turn := m.turns[maphash.String(m.seed, key)%makerTurns]
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Create makes the columns that rows name and the table does not have, of the types that their values show, and returns the names
// of those that it made. When it returns without error, Feishu lists them all.
func (m *Maker) Create(ctx context.Context, known *directory.Table, unknown []bitable.UnknownColumn) ([]string, error) {
	wanted := make([]feishu.Field, 0, len(unknown))
	for _, inferred := range bitable.Infer(unknown) {
		wanted = append(wanted, inferred.Field)
	}
	made, err := m.Ensure(ctx, known.Ref, wanted)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, column := range made {
		if column.Created {
			names = append(names, column.Field.Name)
		}
	}
	return names, nil
}

// Ensured is a column that was asked for, as it is now.
type Ensured struct {
	Field   feishu.Field
	Created bool // false: it was there, perhaps with another type
}

// Ensure makes those of the wanted columns that the table does not have and returns all of them in order. A column is there if
// its name differs at most in case, width or outer white space. Errors: table_full; what Feishu answers otherwise. Columns
// made before an error stay.
func (m *Maker) Ensure(ctx context.Context, ref feishu.TableRef, wanted []feishu.Field) ([]Ensured, error) {
	done, err := m.turn(ctx, ref.AppToken+"/"+ref.TableID)
	if err != nil {
		return nil, err
	}
	defer done()
	fields, err := m.source.ListFields(ctx, ref)
	if err != nil {
		return nil, err
	}
	columns := make([]Ensured, len(wanted))
	missing := 0
	for i, field := range wanted {
		if found, ok := byName(fields, field.Name); ok {
			columns[i].Field = found
			continue
		}
		columns[i].Created = true
		missing++
	}
	if len(fields)+missing > MaxColumns {
		return nil, problem.New(problem.TableFull, problem.Text{
			ZH: "一张表最多 300 列，加上要新建的列就超过了；什么都没有新建。",
			EN: "A table has at most 300 columns and would have more; none was made.",
		})
	}
	for i := range columns {
		if !columns[i].Created {
			continue
		}
		if columns[i], err = m.column(ctx, ref, wanted[i]); err != nil {
			return nil, err
		}
	}
	if missing == 0 {
		return columns, nil
	}
	return columns, m.visible(ctx, ref, columns)
}

// column makes one column. Whoever it was that made it first, there is one in the end.
func (m *Maker) column(ctx context.Context, ref feishu.TableRef, field feishu.Field) (Ensured, error) {
	clientToken, ours := uuid.NewString(), false
	for attempt := 1; ; attempt++ {
		made, err := m.source.CreateField(ctx, ref, field, clientToken)
		if err == nil {
			return Ensured{Field: made, Created: true}, nil
		}
		e, ok := errors.AsType[*feishu.Error](err)
		if !ok || e.Code != feishu.CodeFieldNameDuplicated && !e.Repeatable() {
			return Ensured{}, err
		}
		ours = ours || e.OutcomeUnknown()
		if ours || e.Code == feishu.CodeFieldNameDuplicated {
			fields, err := m.source.ListFields(ctx, ref)
			if err != nil {
				return Ensured{}, err
			}
			if found, ok := byName(fields, field.Name); ok {
				return Ensured{Field: found, Created: ours}, nil
			}
		}
		if !m.again(ctx, ref.App, e, attempt) {
			return Ensured{}, err
		}
	}
}

// visible waits until Feishu lists the columns: right after a column is made, some of its servers do not know it yet.
func (m *Maker) visible(ctx context.Context, ref feishu.TableRef, columns []Ensured) error {
	for attempt := 1; ; attempt++ {
		fields, err := m.source.ListFields(ctx, ref)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(columns, func(c Ensured) bool { _, listed := byName(fields, c.Field.Name); return !listed }) {
			return nil
		}
		if attempt == maxAttempts || backoff.Wait(ctx, repeats.Delay(attempt)) != nil {
			return problem.New(problem.UpstreamUnavailable, problem.Text{
				ZH: "列已新建，但飞书还没有列出它们；请稍后用同样的请求重试。",
				EN: "The columns are made, but Feishu does not list them yet; send the same request again shortly.",
			})
		}
	}
}

func byName(fields []feishu.Field, name string) (feishu.Field, bool) {
	for _, field := range fields {
		if field.Name == name {
			return field, true
		}
	}
	for _, field := range fields {
		if bitable.FoldName(field.Name) == bitable.FoldName(name) {
			return field, true
		}
	}
	return feishu.Field{}, false
}
