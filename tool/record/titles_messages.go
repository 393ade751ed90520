package record

import (
	"fmt"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/problem"
)

var tooManyTitles = problem.RowError{
	Code: problem.RowTooLarge,
	Message: problem.Text{
		ZH: "这次请求要按标题查找的关联记录太多。请分批，或改用 record_id。",
		EN: "The request names too many linked rows by title. Split it, or send record ids.",
	},
	Expected: problem.Text{
		ZH: fmt.Sprintf("一次最多 %d 个不同的标题", maxTitles), EN: fmt.Sprintf("at most %d different titles in a request", maxTitles),
	},
}

// noSuchTitle is the error of a title that no row of the linked table has.
func noSuchTitle(column, title string) problem.RowError {
	e := problem.RowError{
		Code: problem.RowValueMismatch,
		Message: problem.Text{
			ZH: fmt.Sprintf("被关联的表里没有一行的“%s”是这个值。", column),
			EN: fmt.Sprintf("No row of the linked table has this in its column %q.", column),
		},
		Expected: bitable.ExpectedTitle(),
	}
	if recordIDShape.MatchString(title) {
		e.Message.ZH += "如果它是记录编号，请写成 {\"id\": \"rec…\"}，或用 link_by=id。"
		e.Message.EN += ` If it is a record id, write {"id": "rec…"} or set link_by to id.`
	}
	return e
}

// severalTitles is the error of a title that several rows of the linked table have.
func severalTitles(column string, ids []string) problem.RowError {
	named := strings.Join(ids[:min(len(ids), maxTitlesMatched)], ", ")
	return problem.RowError{
		Code: problem.RowValueMismatch,
		Message: problem.Text{
			ZH: fmt.Sprintf("被关联的表里有 %d 行的“%s”是这个值（%s），分不清是哪一行。", len(ids), column, named),
			EN: fmt.Sprintf("%d rows of the linked table have this in their column %q (%s), so it is unclear which is meant.",
				len(ids), column, named),
		},
		Expected: bitable.ExpectedTitle(),
	}
}

// tooManyRows refuses titles of a table that would have to be read whole and is too large.
func tooManyRows(column string, rows int) error {
	return problem.New(problem.BadParameter, problem.Text{
		ZH: fmt.Sprintf("列“%s”关联的表有 %d 行，飞书不能按这些标题筛选，逐页查找太慢。请用 record_id。", column, rows),
		EN: fmt.Sprintf("The table that the column %q links to has %d rows, and Feishu cannot filter it by these titles. Send record ids.",
			column, rows),
	})
}

// unreadable says of a refusal to read the linked table that it is that table's.
func unreadable(err error, column string) error {
	e := *problem.From(err)
	switch e.Code {
	case problem.AppNotCollaborator, problem.ScopeMissing, problem.AdvancedPermission, problem.TableNotFound, problem.UpstreamRejected:
	default:
		return err
	}
	said := e.Detail
	if said.IsZero() {
		said = problem.Lookup(e.Code).Title
	}
	e.Detail = problem.Text{
		ZH: fmt.Sprintf("link_by=title 要读取列“%s”关联的表，但应用读不了它，没有写入任何行：%s", column, said.ZH),
		EN: fmt.Sprintf("link_by: title reads the table that the column %q links to, and the app may not; no row was written: %s",
			column, said.EN),
	}
	return &e
}
