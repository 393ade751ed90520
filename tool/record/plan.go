package record

import (
	"context"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/tool"
)

// planned is a request's rows, coerced for a table.
type planned struct {
	*bitable.Plan

	known   *directory.Table  // whose columns the plan is for
	created []bitable.Warning // of the columns that were made for it
}

// plan coerces the rows for the table. A column that the table does not have may be newer than what is known of the table: the
// columns are then loaded once more.
func (w *write) plan(ctx context.Context, known *directory.Table) (planned, error) {
	options, err := w.options.coercion(w.mode, w.target.UserIDType, known.Zone)
	if err != nil {
		return planned{}, err
	}
	options.Files, options.Repeated, options.KeyFields = w.Files(ctx), intake.ResultFrom(ctx).Repeated, w.keys
	plan, err := directory.Retry(known, func(known *directory.Table) (planned, error) {
		return planned{Plan: known.Schema.Coerce(w.rows, options), known: known}, nil
	}, func(plan planned, _ error) bool { return len(plan.UnknownColumns()) > 0 }, w.refresh(ctx))
	if err != nil {
		return planned{}, err
	}
	if plan, err = w.addColumns(ctx, plan, options); err != nil {
		return planned{}, err
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
