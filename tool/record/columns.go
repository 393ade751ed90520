package record

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/tool"
)

// ruleColumnCreated warns of a column that unknown_fields: create added to the table, or would add in a dry run.
const ruleColumnCreated = "column_created"

// addColumns makes the columns that rows name and the table has not, where unknown_fields: create asks for it, and coerces
// the rows for the table as it then is. A request of which nothing will be written makes none; a dry run only imagines them.
func (s *Service) addColumns(
	ctx context.Context, known *directory.Table, plan *bitable.Plan, rows []json.RawMessage, options bitable.Options, o *WriteOptions,
) (*bitable.Plan, []bitable.Warning, error) {
	unknown := plan.UnknownColumns()
	switch {
	case len(unknown) == 0 || options.UnknownFields != bitable.PolicyCreate || plan.ErrorCount() > 0 && !o.skips():
		return plan, nil, nil
	case tool.IsTrue(o.DryRun):
		imagined := slices.Clone(known.Fields)
		var names []string
		for _, column := range bitable.Infer(unknown) {
			imagined = append(imagined, column.Field)
			names = append(names, column.Field.Name)
		}
		return bitable.NewSchema(imagined).Coerce(rows, options), columnsCreated(names), nil
	}
	names, err := s.Columns.Create(ctx, known, unknown)
	if err != nil {
		return nil, nil, err
	}
	s.Tables.Forget(known.Ref)
	fresh, err := s.Tables.Table(ctx, known.Ref)
	if err != nil {
		return nil, nil, err
	}
	*known = *fresh
	return known.Schema.Coerce(rows, options), columnsCreated(names), nil
}

func columnsCreated(names []string) []bitable.Warning {
	warnings := make([]bitable.Warning, 0, len(names))
	for _, name := range names {
		warnings = append(warnings, bitable.Warning{Rule: ruleColumnCreated, Field: name, Count: 1})
	}
	return warnings
}
