package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/importer"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/source"
	"github.com/rowgate/rowgate/internal/tenant"
)

// importCmd writes the rows of a file into a table.
type importCmd struct {
	File        string   `arg:"" help:"CSV, XLSX or JSON Lines; encoding and separator are found."`
	Table       string   `required:"" placeholder:"LINK" help:"The table's link as the browser shows it; with --create-table the base's."`
	URL         string   `name:"url" default:"http://127.0.0.1:8080" help:"Address of the service."`
	Sheet       string   `placeholder:"NAME" help:"Sheet of an XLSX file; needed if several are visible."`
	Map         []string `sep:"none" placeholder:"SOURCE=COLUMN" help:"Write a column of the file to a column of another name. Repeatable."`
	Skip        []string `sep:"none" placeholder:"SOURCE" help:"Leave out a column of the file. Repeatable."`
	Key         []string `sep:"none" placeholder:"COLUMN" help:"Update the row that has the same value there, create it if none has. Repeatable."`
	CreateTable string   `placeholder:"NAME" help:"Make a new table, with columns inferred from the rows."`
	DryRun      bool     `help:"Say what would be written, converted and refused; write nothing."`
	Errors      string   `placeholder:"FILE" help:"Where refused rows go, with the reason. Default: beside the file, NAME.errors.EXT."`
	FromRow     int      `placeholder:"ROW" help:"Begin anew at this row of the file, whatever an earlier import did."`
	Language    string   `enum:"zh,en," default:"" placeholder:"zh|en" help:"Language of messages. Default: that of the terminal."`
}

// The variables with the caller's credentials, beside connectionKey.
const (
	passphraseName = "ROWGATE_PASSPHRASE"
	appIDName      = "FEISHU_APP_ID"
	appSecretName  = "FEISHU_APP_SECRET"
)

// Bounds of the importer's HTTP client. An answer to a request of rows comes within timeout_ms, at most 55 s.
const (
	importTimeout = 70 * time.Second
	importConns   = 4
)

// secondSignal is how long after a first Ctrl-C a second one ends the command at once. Some programs hand one on twice.
const secondSignal = 500 * time.Millisecond

// Help is shown by rowgate import --help.
func (*importCmd) Help() string {
	return "Credentials are variables: " + connectionKey + ", or " + passphraseName + " with " + appIDName + " and " + appSecretName +
		" (or each with _FILE behind its name).\n\n" +
		"Columns go to those of the same name; one that the table does not have is refused before anything is written. Good rows are written; " +
		"bad ones go to the errors file with the reason, and the exit code is 1: correct that file and import it.\n\n" +
		"The same command goes on where it stopped (Ctrl-C, a crash, a service that was away), and no row is written twice. After a whole " +
		"import it begins anew. How far it is stands in the user's state directory ($XDG_STATE_HOME/rowgate/imports), without any contents.\n\n" +
		"Example: rowgate import videos.xlsx --table 'https://example.feishu.cn/base/bascnExample?table=tblExample' --key 标题 --dry-run"
}

func (c *importCmd) Run(ctx context.Context, s streams) error {
	language := c.language(s.getenv)
	say := func(err error) error {
		if err == nil {
			return nil
		}
		_, _ = fmt.Fprintln(s.err, "rowgate:", importMessage(err, language))
		return errReported
	}
	options, err := c.options(s.getenv, language)
	if err != nil {
		return say(err)
	}
	release := context.AfterFunc(ctx, func() { time.AfterFunc(secondSignal, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) }) })
	defer release()
	file, err := source.Open(ctx, c.File, source.FileOptions{Sheet: c.Sheet})
	if err != nil {
		return say(err)
	}
	client := &http.Client{
		Timeout: importTimeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: importConns},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	result, err := importer.Run(ctx, file, options, client, importer.Terminal{Out: s.out, Progress: s.err, Bar: isTerminal(s.err)})
	switch err = errors.Join(err, file.Close()); {
	case err != nil:
		return say(err)
	case result.Refused > 0:
		return errReported
	}
	return nil
}

// options are the importer's.
func (c *importCmd) options(getenv func(string) string, language problem.Lang) (*importer.Options, error) {
	at, err := url.Parse(c.URL)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, both("--url 应是 http:// 或 https:// 开头的地址。", "--url should be an address that begins with http:// or https://.")
	}
	if c.FromRow < 0 {
		return nil, both("--from-row 是文件里的行号，从 1 开始。", "--from-row is the number of a row of the file, from 1.")
	}
	credentials, err := importCredentials(getenv)
	if err != nil {
		return nil, err
	}
	extension := filepath.Ext(c.File)
	refused := c.Errors
	if refused == "" {
		refused = strings.TrimSuffix(c.File, extension) + ".errors" + extension
	}
	if isSameFile(refused, c.File) {
		return nil, both("--errors 不能是导入的文件本身。", "--errors cannot be the file that is imported.")
	}
	dir, err := stateDir(getenv)
	if err != nil {
		return nil, err
	}
	return &importer.Options{
		URL: strings.TrimRight(c.URL, "/"), Table: c.Table, Credentials: credentials, Map: c.Map, Skip: c.Skip, Keys: c.Key,
		CreateTable: c.CreateTable, DryRun: c.DryRun, Errors: refused, FromRow: c.FromRow, StateDir: dir, Language: language,
	}, nil
}

// importCredentials reads the variables. ROWGATE_PASSPHRASE may be what callers send, or the service's own list of name:value, whose
// first value is taken: both stand in the same terminal.
func importCredentials(getenv func(string) string) (c importer.Credentials, err error) {
	var wrong []config.Problem
	read := func(name string) secret.Text {
		text, problems := config.Secret(getenv, name)
		wrong = append(wrong, problems...)
		return text
	}
	c = importer.Credentials{
		ConnectionKey: read(connectionKey), Passphrase: read(passphraseName),
		AppID: secret.New(strings.TrimSpace(getenv(appIDName))), AppSecret: read(appSecretName),
	}
	switch {
	case len(wrong) > 0:
		return c, both(wrong[0].Variable+"："+wrong[0].Text.ZH, wrong[0].Variable+": "+wrong[0].Text.EN)
	case !c.ConnectionKey.IsZero():
		return c, nil
	case c.Passphrase.IsZero() || c.AppID.IsZero() || c.AppSecret.IsZero():
		return c, both(
			fmt.Sprintf("没有凭据：请设置环境变量 %s，或 %s、%s 和 %s。", connectionKey, passphraseName, appIDName, appSecretName),
			fmt.Sprintf("No credentials: set the variable %s, or %s, %s and %s.", connectionKey, passphraseName, appIDName, appSecretName))
	}
	first, _, _ := strings.Cut(c.Passphrase.Reveal(), ",")
	name, value, named := strings.Cut(first, ":")
	if named && strings.HasPrefix(value, "sha256:") {
		return c, both(fmt.Sprintf("%s 里的“%s”只有口令的摘要，请给出口令本身。", passphraseName, name),
			fmt.Sprintf("%s has only a digest of the passphrase “%s”; give the passphrase itself.", passphraseName, name))
	}
	if list, problems := tenant.ParsePassphrases(c.Passphrase); named && len(problems) == 0 && len(list) > 0 {
		c.Passphrase = secret.New(value)
	}
	return c, nil
}

// stateDir is where checkpoints are kept.
func stateDir(getenv func(string) string) (string, error) {
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "rowgate", "imports"), nil
	}
	home := getenv("HOME")
	if runtime.GOOS == "windows" {
		home = getenv("LOCALAPPDATA")
	}
	if home == "" {
		return "", both("找不到存放续传记录的目录：请设置 XDG_STATE_HOME 或 HOME。",
			"There is nowhere to keep how far the import is: set XDG_STATE_HOME or HOME.")
	}
	if runtime.GOOS == "windows" {
		return filepath.Join(home, "rowgate", "imports"), nil
	}
	return filepath.Join(home, ".local", "state", "rowgate", "imports"), nil
}

// language is that of the flag, else of the terminal's locale, else what the service would answer in: English for Lark, else Chinese.
func (c *importCmd) language(getenv func(string) string) problem.Lang {
	if c.Language != "" {
		return problem.Lang(c.Language)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		switch locale := strings.ToLower(getenv(name)); {
		case strings.HasPrefix(locale, "zh"):
			return problem.ZH
		case locale != "" && locale != "c" && locale != "posix" && !strings.HasPrefix(locale, "c."):
			return problem.EN
		}
	}
	if strings.Contains(c.Table, "larksuite.com") {
		return problem.EN
	}
	return problem.ZH
}

func both(zh, en string) error { return &importer.Failure{Text: problem.Text{ZH: zh, EN: en}} }

// importMessage is what went wrong and what to do, in the language of the user.
func importMessage(err error, language problem.Lang) string {
	if failure, ok := errors.AsType[*importer.Failure](err); ok {
		return failure.Text.In(language)
	}
	if refusal, ok := errors.AsType[*source.Refusal](err); ok {
		return refusal.Text.In(language)
	}
	if refused, ok := errors.AsType[*importer.Refused](err); ok {
		text := refused.Detail
		if fix := refused.Fix.In(language); fix != "" {
			text += "\n" + fix
		}
		if refused.Feishu != nil {
			text += fmt.Sprintf("\nFeishu %d: %s (log_id %s)", refused.Feishu.Code, refused.Feishu.Msg, refused.Feishu.LogID)
		}
		return text + fmt.Sprintf("\n%s · %s", refused.Code, refused.RequestID)
	}
	if errors.Is(err, context.Canceled) {
		return problem.Text{ZH: "已按要求停下。", EN: "Stopped as asked."}.In(language)
	}
	return err.Error()
}

// isSameFile reports whether two paths are of one file.
func isSameFile(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	first, err := os.Stat(a)
	if err != nil {
		return false // it is not there yet
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
