package importer

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/source"
)

const (
	stateFormat = 1
	keysLive    = 23 * time.Hour // after a request's answer its key is known for 24 hours (docs/contract.md §3, "Idempotency")
	stateKept   = 14 * 24 * time.Hour
	saveEvery   = 500 * time.Millisecond // between two checkpoints at least; what is sent again in between is recognised by its key
)

// state is how far an import is: the checkpoint that the same command goes on from. It holds no contents of rows and no secrets.
type state struct {
	Format   int       `json:"format"`
	Run      int       `json:"run"`     // whole runs before this one, plus one: a run that begins anew has keys of its own
	Digest   string    `json:"digest"`  // of the file
	Options  string    `json:"options"` // digest of what the requests depend on beside the file
	From     int       `json:"from_row,omitempty"`
	Table    string    `json:"table_id,omitempty"` // that this import made
	Requests int       `json:"requests"`           // answered, from the first on
	LastRow  int       `json:"last_row"`           // of the source, that was answered for
	Counts   counts    `json:"counts"`
	Reasons  int64     `json:"reasons"`  // bytes of the file of reasons
	Open     bool      `json:"open"`     // requests behind those may have been sent
	Finished bool      `json:"finished"` // the whole file was written
	Settled  time.Time `json:"settled"`  // when a batch was answered last, or the run begun

	path string
	held *os.File // locked while a command works on the import; nil in a dry run
}

// counts add up the receipts.
type counts struct {
	Rows      int `json:"rows"` // rows of the source that are answered for, faulty ones included
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Refused   int `json:"refused"` // failed, faulty or of unknown outcome: the rows in the errors file
}

// openState reads the checkpoint of this file and table, or begins one. table names the table in one way, whatever its link looks like.
func openState(options *Options, file *source.File, table string) (*state, error) {
	path, err := filepath.Abs(file.Path)
	if err != nil {
		return nil, err
	}
	name := digestOf(path, table, file.Sheet)[:32]
	s := &state{path: filepath.Join(options.StateDir, name+".json")}
	if !options.DryRun {
		if s.held, err = holdFile(strings.TrimSuffix(s.path, ".json") + ".lock"); err != nil {
			return nil, err
		}
	}
	data, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(data, s); err != nil || s.Format != stateFormat {
			return nil, fail(fmt.Sprintf("续传记录 %s 无法读取。请先看清表里已有哪些行，再删除它，或用 --from-row 指定从哪一行开始。", s.path),
				fmt.Sprintf("The checkpoint %s cannot be read. See which rows the table has, then delete it, or say with --from-row "+
					"where to begin.", s.path))
		}
	}
	wanted := digestOf(slices.Concat([]string{options.URL, fmt.Sprint(requestRows, requestBytes), "map"}, options.Map, []string{"skip"},
		options.Skip, []string{"key"}, options.Keys)...)
	if options.DryRun {
		return &state{path: s.path, Run: s.Run + 1, Format: stateFormat, From: options.FromRow}, nil
	}
	same := s.From == options.FromRow && s.Digest == file.Digest && s.Options == wanted
	if s.Finished || s.Format == 0 || options.FromRow > 0 && !same {
		return &state{
			path: s.path, held: s.held, Format: stateFormat, Run: s.Run + 1, Digest: file.Digest, Options: wanted, From: options.FromRow,
			Table: unfinishedTable(s), Settled: time.Now().UTC(),
		}, nil
	}
	return s, s.goesOn(file, wanted, len(options.Keys) > 0)
}

// unfinishedTable is the table that an import made which begins at another row; "" after a whole one.
func unfinishedTable(s *state) string {
	if s.Finished {
		return ""
	}
	return s.Table
}

// goesOn refuses to go on where that could double rows.
func (s *state) goesOn(file *source.File, options string, upsert bool) error {
	next := s.LastRow + 1
	switch {
	case s.Digest != file.Digest:
		return fail(
			fmt.Sprintf("上次导入写到第 %d 行中断，之后文件被改动过，接着写可能重复或漏行。请恢复原来的文件；或者确认表里的内容后用 --from-row 指定从新文件的哪一行开始。",
				s.LastRow),
			fmt.Sprintf("The last import stopped after row %d, and the file was changed since: going on could double or lose "+
				"rows. Restore the file, or "+
				"see what the table has and say with --from-row at which row of the new file to begin.", s.LastRow))
	case s.Options != options && s.Open && !upsert:
		return fail(
			fmt.Sprintf("上次导入写到第 %d 行中断，当时的 --url、--map、--skip 或 --key 与这次不同，其后最多 %d 行可能已经写入。请先用原来的选项运行完；"+
				"或看清表里有没有这些行，再用 --from-row 指定从哪一行以新的选项开始。", s.LastRow, requestRows*(ahead+1)),
			fmt.Sprintf("The last import stopped after row %d, with another --url, --map, --skip or --key, and up to %d rows behind it may be "+
				"written. Finish it with those options first, or see whether the table has these rows and say with --from-row where to begin "+
				"with the new ones.", s.LastRow, requestRows*(ahead+1)))
	case s.Options != options:
		return fail(
			fmt.Sprintf("上次导入写到第 %d 行中断，当时的 --url、--map、--skip 或 --key 与这次不同。请用原来的选项继续；或用 --from-row %d 以新的选项从那里开始。",
				s.LastRow, next),
			fmt.Sprintf("The last import stopped after row %d, with another --url, --map, --skip or --key. Run it with those to go on, or "+
				"begin there with the "+
				"new ones: --from-row %d.", s.LastRow, next))
	case s.Open && !upsert && time.Since(s.Settled) > keysLive:
		return fail(
			fmt.Sprintf("上次导入在第 %d 行之后中断，距今超过 %d 小时，服务已不记得其后最多 %d 行是否写入。请看表里有没有这些行，再用 --from-row 指定从哪一行开始。",
				s.LastRow, int(keysLive.Hours()), requestRows*(ahead+1)),
			fmt.Sprintf("The last import stopped after row %d, more than %d hours ago: whether up to %d rows behind it were "+
				"written is not known to the "+
				"service any more. See whether the table has them and say with --from-row where to begin.",
				s.LastRow, int(keysLive.Hours()), requestRows*(ahead+1)))
	}
	return nil
}

// save writes the checkpoint, synced.
func (s *state) save() error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	temporary := s.path + ".new"                                                // of this command alone, which holds the lock
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // in the user's state directory
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(temporary, s.path)
}

// isResumed reports whether an earlier command wrote a part.
func (s *state) isResumed() bool { return s.Requests > 0 || s.Open }

// sweep removes checkpoints that nobody has gone on from for long.
func (s *state) sweep() error {
	entries, err := os.ReadDir(filepath.Dir(s.path))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		path := filepath.Join(filepath.Dir(s.path), entry.Name())
		if err != nil || time.Since(info.ModTime()) < stateKept || entry.IsDir() || !isFinished(path) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// isFinished reports whether a file of the state directory belongs to an import that was written whole, or to none.
func isFinished(path string) bool {
	data, err := os.ReadFile(strings.TrimSuffix(path, filepath.Ext(path)) + ".json")
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	var other state
	return json.Unmarshal(data, &other) == nil && other.Finished
}

// errHeld is returned by holdFile for a file that another command holds.
var errHeld = fail("另一个命令正在导入这个文件到这张表；请等它结束。", "Another command is importing this file into this table; wait until it has ended.")

// digestOf is SHA-256 over texts, each with its length.
func digestOf(texts ...string) string {
	sum := sha256.New()
	for _, text := range texts {
		_, _ = fmt.Fprintf(sum, "%d:%s", len(text), text) // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// reason is why a row was refused.
type reason struct {
	Row     int    `json:"row"`
	Column  string `json:"column,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// reasonFile keeps why rows were refused, in their order, until the errors file is made of them and of the source. It holds no contents.
type reasonFile struct{ *os.File }

// openReasons opens the file beside the checkpoint and forgets what the checkpoint does not know.
func (s *state) openReasons() (*reasonFile, error) {
	f, err := os.OpenFile(strings.TrimSuffix(s.path, ".json")+".reasons", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() < s.Reasons {
		err = fail("续传记录不完整：拒绝原因的文件变短了。请看清表里已有哪些行，再用 --from-row 指定从哪一行开始。",
			"The checkpoint is not whole: the file of reasons is shorter than it was. See which rows the table has, then say "+
				"with --from-row where to begin.")
	}
	if err == nil {
		err = f.Truncate(s.Reasons)
	}
	if err == nil {
		_, err = f.Seek(s.Reasons, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &reasonFile{f}, nil
}

// add appends reasons and returns how long they are.
func (f *reasonFile) add(reasons []reason) (int64, error) {
	var text []byte
	for _, one := range reasons {
		data, err := json.Marshal(one)
		if err != nil {
			return 0, err
		}
		text = append(append(text, data...), '\n')
	}
	n, err := f.Write(text)
	return int64(n), err
}

// remove closes the file and removes it.
func (f *reasonFile) remove() error { return errors.Join(f.Close(), os.Remove(f.Name())) }

// byRow returns the reasons of each row as one text. failed is set when they cannot be read.
func (f *reasonFile) byRow(language problem.Lang, failed *error) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			*failed = err
			return
		}
		row, text := 0, ""
		for lines := json.NewDecoder(bufio.NewReader(f)); ; {
			var next reason
			err := lines.Decode(&next)
			if err != nil && !errors.Is(err, io.EOF) {
				*failed = err
				return
			}
			if row != 0 && next.Row != row && !yield(row, text) || err != nil {
				return
			}
			if next.Row != row {
				row, text = next.Row, ""
			} else {
				text += "; "
			}
			text += next.text(language)
		}
	}
}

// text is a reason as a person reads it in the errors file.
func (r reason) text(language problem.Lang) string {
	parts := []string{fmt.Sprintf(problem.Text{ZH: "第 %d 行", EN: "row %d"}.In(language), r.Row)}
	if r.Column != "" {
		parts = append(parts, r.Column)
	}
	return strings.Join(append(parts, r.Code), " · ") + ": " + r.Message
}
