package table

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/feishu"
)

const maxAttempts = 6 // of one call, the first included

// repeats are the waits between attempts: half a second to a second, as Feishu advises after a conflict, then twice as long, up
// to 2 to 4 seconds.
var repeats = backoff.Policy{Base: time.Second, Cap: 4 * time.Second, Half: true}

// Table makes a table of these columns, the first of them the primary one, and returns its id and the columns as they are. A
// lost answer does no harm: names are unique in a base, so that the table is found again, or not there and made once more.
// tables lists the base's tables as they are now.
func (m *Maker) Table(ctx context.Context, base feishu.TableRef, name string, fields []feishu.Field, tables func() ([]feishu.Table, error),
) (id string, made []feishu.Field, err error) {
	done, err := m.turn(ctx, base.AppToken)
	if err != nil {
		return "", nil, err
	}
	defer done()
	ours := false
	for attempt := 1; ; attempt++ {
		id, fieldIDs, err := m.source.CreateTable(ctx, base.App, base.AppToken, name, fields)
		if err == nil {
			return id, identified(fields, fieldIDs), nil
		}
		e, ok := errors.AsType[*feishu.Error](err)
		if !ok || !e.Repeatable() && (!ours || e.Code != feishu.CodeTableNameDuplicated) {
			return "", nil, err
		}
		if ours = ours || e.OutcomeUnknown(); ours {
			if id, made, err := m.find(ctx, base, name, fields, tables); err != nil || id != "" {
				return id, made, err
			}
		}
		if !m.again(ctx, base.App, e, attempt) {
			return "", nil, err
		}
	}
}

// find looks for a table of the name and exactly these columns; id is "" if there is none.
func (m *Maker) find(ctx context.Context, base feishu.TableRef, name string, fields []feishu.Field, tables func() ([]feishu.Table, error),
) (id string, found []feishu.Field, err error) {
	list, err := tables()
	if err != nil {
		return "", nil, err
	}
	i := slices.IndexFunc(list, func(t feishu.Table) bool { return t.Name == name })
	if i < 0 {
		return "", nil, nil
	}
	base.TableID = list[i].ID
	found, err = m.source.ListFields(ctx, base)
	if e, ok := errors.AsType[*feishu.Error](err); ok && e.Class == feishu.ClassFresh {
		return "", nil, nil // not known to all of Feishu's servers yet
	}
	if err != nil {
		return "", nil, err
	}
	same := slices.EqualFunc(fields, found, func(a, b feishu.Field) bool { return a.Name == b.Name && a.Type == b.Type })
	if !same {
		return "", nil, nil
	}
	return base.TableID, found, nil
}

// identified puts the ids that Feishu gave to new columns into them.
func identified(fields []feishu.Field, ids []string) []feishu.Field {
	made := slices.Clone(fields)
	for i := range made {
		made[i].Primary = i == 0
		if i < len(ids) {
			made[i].ID = ids[i]
		}
	}
	return made
}

// again waits before a repeat; false if there shall be none: too many, no budget, or ctx ends first.
func (m *Maker) again(ctx context.Context, app feishu.App, e *feishu.Error, attempt int) bool {
	if attempt >= maxAttempts || !isFree(e) && !m.source.AllowRetry(app) {
		return false
	}
	return backoff.Wait(ctx, max(repeats.Delay(attempt), e.RetryAfter)) == nil
}

// isFree reports whether a repeat takes nothing of the budget, which is for a Feishu that fails. A conflict says that another
// write has its turn; the other codes say that the call was carried out or is being carried out, perhaps on a server that does
// not list the result yet.
func isFree(e *feishu.Error) bool {
	switch e.Code {
	case feishu.CodeRequestRepeated, feishu.CodeClientTokenUsed, feishu.CodeFieldNameDuplicated, feishu.CodeTableNameDuplicated:
		return true
	default:
		return e.Class == feishu.ClassConflict
	}
}
