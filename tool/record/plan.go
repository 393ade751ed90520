package record

import (
	"context"
	"encoding/json"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/tool"
)

// settled is a request's rows once the columns of a table have told what they are.
type settled struct {
	*intake.Settled

	known *directory.Table // whose columns told
}

// settle decides with the table's columns what the intake left open: whether names are columns, and what is a wrapper around
// rows. Where that refuses, a column may be newer than what is known of the table: the columns are then loaded once more.
func (w *write) settle(ctx context.Context, known *directory.Table) (settled, error) {
	result := intake.ResultFrom(ctx)
	return directory.Retry(known, func(known *directory.Table) (settled, error) {
		rows, err := result.Settle(func(name string) bool {
			_, _, ok := known.Schema.Field(name)
			return ok
		})
		return settled{Settled: rows, known: known}, err
	}, func(rows settled, err error) bool {
		return err != nil || len(rows.Refused) > 0 || rows.Guessed
	}, func(known *directory.Table) (*directory.Table, error) {
		if fresh, err := w.Tables.Refresh(ctx, known); err == nil {
			return fresh, nil
		}
		return known, nil // the refusal stands
	})
}

// planned is a request's rows, coerced for a table.
type planned struct {
	*bitable.Plan

	given   []json.RawMessage // the rows before they were coerced
	known   *directory.Table  // whose columns the plan is for
	created []bitable.Warning // of the columns that were made for it
}

// plan coerces the rows for the table that settled them. A column that the table does not have may be newer than what is known of
// the table: the columns are then loaded once more.
func (w *write) plan(ctx context.Context, rows settled) (planned, error) {
	options, err := w.options.coercion(w.mode, w.target.UserIDType, rows.known.Zone)
	if err != nil {
		return planned{}, err
	}
	options.Files, options.Repeated, options.Refused = w.Files(ctx), intake.ResultFrom(ctx).Repeated, rows.Refused
	options.KeyFields = w.keys
	plan, err := directory.Retry(rows.known, func(known *directory.Table) (planned, error) {
		titled, err := w.options.linksByTitle(known.Schema)
		if err != nil {
			return planned{}, err
		}
		options.LinksByTitle = titled
		return planned{Plan: known.Schema.Coerce(rows.Rows, options), given: rows.Rows, known: known}, nil
	}, func(plan planned, err error) bool { return err != nil || len(plan.UnknownColumns()) > 0 }, w.refresh(ctx))
	if err != nil {
		return planned{}, err
	}
	if plan, err = w.addColumns(ctx, plan, options); err != nil {
		return planned{}, err
	}
	if !w.isRefused(plan) {
		if err := w.titles(ctx, plan); err != nil {
			return planned{}, err
		}
	}
	if len(plan.Pending()) == 0 || w.isRefused(plan) { // nothing is uploaded for rows that are not written
		return plan, nil
	}
	lookUp := w.Lookups.Resolve
	if tool.IsTrue(w.options.DryRun) {
		lookUp = w.Lookups.Rehearse
	}
	return plan, lookUp(ctx, w.target, plan.Plan)
}

// isRefused reports whether nothing of the request will be written because some rows are invalid.
func (w *write) isRefused(plan planned) bool { return plan.ErrorCount() > 0 && !w.options.skips() }
