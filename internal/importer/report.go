package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

const (
	shownRows     = 20 // bad rows that a dry run prints
	shownExample  = 40 // runes of an example value
	shownWarnings = 50 // lines of conversions
)

// warning is a conversion that the service reports.
type warning struct {
	Rule    string          `json:"rule"`
	Field   string          `json:"field"`
	Count   int             `json:"count"`
	Got     string          `json:"got"`
	Sent    json.RawMessage `json:"sent"`
	Message string          `json:"message"`
}

// warnings are those of a run by column and rule, in the order in which they came.
type warnings struct{ list []*warning }

func (w *warnings) add(found []warning) {
	for _, one := range found {
		i := slices.IndexFunc(w.list, func(o *warning) bool { return o.Rule == one.Rule && o.Field == one.Field })
		if i < 0 {
			w.list = append(w.list, new(one))
			continue
		}
		w.list[i].Count += one.Count
	}
}

// of are the warnings of a column, "" for those of a whole request.
func (w *warnings) of(column string) []*warning {
	var found []*warning
	for _, one := range w.list {
		if one.Field == column {
			found = append(found, one)
		}
	}
	return found
}

// print says what was converted, with the first value as an example.
func (s *speaker) warning(one *warning) {
	example := ""
	if one.Got != "" || len(one.Sent) > 0 {
		example = fmt.Sprintf(" (%s → %s)", cut(one.Got), cut(string(one.Sent)))
	}
	s.line("    %s × %s%s", "    %s × %s%s", strings.TrimRight(one.Message, "。."), grouped(one.Count), example)
}

func cut(text string) string {
	if runes := []rune(text); len(runes) > shownExample {
		return string(runes[:shownExample-1]) + "…"
	}
	return text
}

// summarise says what became of all rows and what to do next.
func (w *writer) summarise() {
	counts, took := w.state.Counts, time.Since(w.began)
	var parts []string
	for _, one := range []struct {
		n      int
		zh, en string
	}{
		{counts.Created, "新建 %s", "%s created"},
		{counts.Updated, "更新 %s", "%s updated"},
		{counts.Unchanged, "未变 %s", "%s unchanged"},
		{counts.Refused, "未写入 %s", "%s not written"},
	} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf(problem.Text{ZH: one.zh, EN: one.en}.In(w.options.Language), grouped(one.n)))
		}
	}
	separator := problem.Text{ZH: "，", EN: ", "}.In(w.options.Language)
	if counts.Rows == 0 {
		w.say.line("标题行下面没有数据，什么都没有写。", "There are no rows below the header; nothing was written.")
		return
	}
	w.say.line("完成：%s 行，用时 %s：%s。", "Done: %s rows in %s: %s.", grouped(counts.Rows), lasted(took, w.options.Language),
		strings.Join(parts, separator))
	if !w.fresh && counts.Rows > counts.Refused {
		w.say.line("这些行在 24 小时内已由同样的命令写过，没有再写一遍。要再写一遍，请再次运行同样的命令。",
			"These rows had been written by the same command within 24 hours, and were not written again. To write them once more, run it again.")
	}
	if len(w.warnings.list) > 0 {
		w.say.line("写入时转换过的值：", "Values that were converted on the way:")
		for _, one := range w.warnings.list[:min(len(w.warnings.list), shownWarnings)] {
			w.say.line("  %s", "  %s", one.Field)
			w.say.warning(one)
		}
	}
	if counts.Refused > 0 {
		w.say.line("未写入的行在 %s，原因在 rowgate_error 列。改好后导入那个文件即可：", "The rows that were not written are in %s, the reason in its "+
			"column rowgate_error. Correct them and import that file:", w.options.Errors)
		w.say.line("  %s", "  %s", w.again())
	}
}

// defaultURL is the service that a command without --url means.
const defaultURL = "http://127.0.0.1:8080"

// again is the command that imports the errors file into the same table, in the same way.
func (w *writer) again() string {
	words := []string{"rowgate", "import", w.options.Errors}
	flag := func(name string, values ...string) {
		for _, value := range values {
			words = append(words, name, value)
		}
	}
	if w.options.URL != defaultURL {
		flag("--url", w.options.URL)
	}
	link := w.options.Table
	if w.options.CreateTable != "" {
		link, _, _ = strings.Cut(link, "?")
		link += "?table=" + w.table.TableID
	}
	flag("--table", link)
	flag("--map", w.options.Map...)
	flag("--skip", w.options.Skip...)
	flag("--key", w.options.Keys...)
	for i, word := range words {
		words[i] = shell(word)
	}
	return strings.Join(words, " ")
}

// shell quotes a word for a shell where it has to be.
func shell(word string) string {
	if strings.ContainsAny(word, " ?&*'\"$()<>|;#") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// rehearse says what an import would do, for each column and for the rows, and writes nothing.
func (r *run) rehearse(ctx context.Context) (Result, error) {
	if r.options.CreateTable != "" {
		return r.rehearseTable(ctx)
	}
	total, bad, err := r.tryAll(ctx)
	if err != nil {
		return Result{}, err
	}
	r.say.line("列：", "Columns:")
	for _, column := range r.mapping.columns {
		r.say.line("  %s → %s  %s", "  %s → %s  %s", pad(column.from, 20), pad(column.column, 20), column.kind)
		for _, one := range r.warnings.of(column.column) {
			r.say.warning(one)
		}
	}
	r.sayLeft()
	for _, one := range r.warnings.of("") {
		r.say.warning(one)
	}
	if len(bad.first) > 0 {
		r.say.line("不会写入的行：", "Rows that would not be written:")
		for _, one := range bad.first {
			r.say.line("  %s", "  %s", one.text(r.options.Language))
		}
		if more := bad.count - bad.rows(); more > 0 {
			r.say.line("  … 还有 %s 行", "  … and %s more", grouped(more))
		}
	}
	r.say.line("试运行：%s 行中会新建 %s 行，更新 %s 行，不写入 %s 行。什么都没有写。", "Dry run: of %s rows %s would be created, %s updated, %s not written. "+
		"Nothing was written.", grouped(total.Total+bad.faulty), grouped(total.Created),
		grouped(total.Updated+total.Unchanged), grouped(bad.count))
	return Result{Rows: total.Total + bad.faulty, Refused: bad.count}, nil
}

// sayLeft names the columns that are left out.
func (r *run) sayLeft() {
	for _, name := range r.mapping.left {
		r.say.line("  %s → （不写入）", "  %s → (left out)", pad(name, 20))
	}
}

// badRows are the rows that a dry run found.
type badRows struct {
	count  int // rows
	faulty int // of them, those that are not sent
	first  []reason
}

// rows counts the rows among the first.
func (b *badRows) rows() int {
	seen := map[int]bool{}
	for _, one := range b.first {
		seen[one.Row] = true
	}
	return len(seen)
}

func (b *badRows) add(found ...reason) {
	for _, one := range found {
		if len(b.first) < shownRows {
			b.first = append(b.first, one)
		}
	}
}

// tryAll makes a dry run of every batch.
func (r *run) tryAll(ctx context.Context) (total answer, bad badRows, err error) {
	all, err := r.batches(ctx)
	if err != nil {
		return total, bad, err
	}
	defer all.rows.Close()
	rows, err := r.left(ctx)
	if err != nil {
		return total, bad, err
	}
	r.progress.begin(rows)
	defer r.progress.end()
	for {
		next, err := all.next(ctx)
		if errors.Is(err, io.EOF) {
			return total, bad, nil
		}
		if err != nil {
			return total, bad, err
		}
		found := slices.Clone(next.faulty)
		bad.faulty += next.faults()
		bad.count += next.faults()
		if len(next.rows) > 0 {
			got, err := r.try(ctx, next.rows)
			if err != nil {
				return total, bad, err
			}
			for _, one := range got.Errors {
				if one.Index != nil && *one.Index < len(next.numbers) {
					found = append(found, reason{
						Row: next.numbers[*one.Index], Column: r.sourceName(one.Field), Code: string(one.Code), Message: sentence(one),
					})
				}
			}
			total.Total += len(next.rows)
			total.Created += got.Created
			total.Updated += got.Updated
			total.Unchanged += got.Unchanged
			bad.count += got.Failed
			r.warnings.add(got.Warnings)
		}
		slices.SortStableFunc(found, func(a, b reason) int { return a.Row - b.Row })
		bad.add(found...)
		r.progress.add(next.total(), bad.count)
	}
}
