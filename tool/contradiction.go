package tool

import (
	"context"
	"fmt"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

// The fields that say which base and table are meant, with their headers.
const (
	fieldBase  = "app_token"
	fieldTable = "table_id"
)

// place is which base and table one part of a request names, as text.
type place struct {
	base, table string // as named; "" if not
	link        bitable.Link
	broken      bool // base is no link and no token
}

func placeOf(named map[string]string) place {
	p := place{base: named[fieldBase], table: named[fieldTable]}
	if p.base != "" {
		link, err := bitable.ParseLink(p.base)
		p.link, p.broken = link, err != nil
	}
	return p
}

// contradiction refuses a body that names another base or table than the headers do (docs/contract.md §2): who set the headers meant
// one place, and who wrote the body another. Tokens, links and names of one base or table do not contradict each other.
//
// target has the base that the body names, and its table where reach goes so far. A table_id goes before the table of a link, so that
// a header's link contradicts no table_id of the body.
func (a *Access) contradiction(ctx context.Context, target Target, reach reach) error {
	named := intake.ResultFrom(ctx).Named
	body, header := placeOf(named.Body), placeOf(named.Header)
	if body.base != "" && header.base != "" && body.base != header.base {
		if header.broken {
			return contradicts(fieldBase)
		}
		base, err := a.Directory.Base(ctx, target.App, header.link)
		if err != nil && !isNoBase(err) {
			return err
		}
		if base != target.AppToken {
			return contradicts(fieldBase)
		}
	}
	if reach < reachTable {
		return nil
	}
	switch {
	case body.table != "" && header.table != "" && body.table != header.table:
		return a.sameTable(ctx, target, header.table, fieldTable)
	case body.table == "" && header.table != "" && body.link.TableID != "":
		return a.sameTable(ctx, target, body.link.TableID, fieldBase)
	case body.table == "" && header.table == "" && body.link.TableID != "" && header.link.TableID != "":
		return a.sameTable(ctx, target, header.link.TableID, fieldBase)
	}
	return nil
}

// sameTable refuses, in the name of the body's field, a table other than the target's.
func (a *Access) sameTable(ctx context.Context, target Target, idOrName, field string) error {
	id, err := a.Directory.TableID(ctx, target.App, target.AppToken, idOrName)
	if err != nil && !isTableNotFound(err) {
		return err
	}
	if id != target.TableID {
		return contradicts(field)
	}
	return nil
}

// isNoBase reports whether an error says that a link leads to no base that the caller may use. All others leave it open.
func isNoBase(err error) bool {
	return slices.Contains([]problem.Code{problem.BadLink, problem.BaseNotFound, problem.AppNotCollaborator}, problem.From(err).Code)
}

// Contradiction refuses a body whose app_token or table_id is not what the headers say, where neither is looked up: only what is surely
// the same base and table passes.
func Contradiction(ctx context.Context) error {
	named := intake.ResultFrom(ctx).Named
	body, header := placeOf(named.Body), placeOf(named.Header)
	if body.base != "" && header.base != "" && body.base != header.base &&
		(header.broken || body.link.AppToken != header.link.AppToken || body.link.WikiToken != header.link.WikiToken) {
		return contradicts(fieldBase)
	}
	if body.table != "" && header.table != "" && body.table != header.table {
		return contradicts(fieldTable)
	}
	table := orText(header.table, header.link.TableID)
	if body.table == "" && body.link.TableID != "" && table != "" && table != body.link.TableID {
		return contradicts(fieldBase)
	}
	return nil
}

func contradicts(field string) error {
	return problem.New(problem.BadParameter, problem.Text{
		ZH: fmt.Sprintf("请求体里的 %s 与请求头指定的不是同一个多维表格或数据表。请只在一处给出，或让两处一致。", field),
		EN: fmt.Sprintf("The %s in the body names another base or table than the headers do. Give it in one place, or the same in both.", field),
	})
}
