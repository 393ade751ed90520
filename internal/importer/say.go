package importer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/text/width"

	"github.com/rowgate/rowgate/internal/problem"
)

// speaker prints lines in one language. Both formats take the same arguments.
type speaker struct {
	out      io.Writer
	language problem.Lang
}

func (s *speaker) line(zh, en string, args ...any) {
	_, _ = fmt.Fprintf(s.out, problem.Text{ZH: zh, EN: en}.In(s.language)+"\n", args...)
}

// grouped is a count with commas between its thousands.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// pad fills a text with spaces up to so many columns of a terminal; a Chinese character takes two.
func pad(text string, columns int) string {
	taken := 0
	for _, letter := range text {
		taken++
		switch width.LookupRune(letter).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			taken++
		case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
		}
	}
	return text + strings.Repeat(" ", max(0, columns-taken))
}

// lasted is a duration as people say it.
func lasted(d time.Duration, language problem.Lang) string {
	var text problem.Text
	switch seconds := int(d.Seconds()); {
	case d < time.Minute:
		short := strings.TrimSuffix(strconv.FormatFloat(d.Seconds(), 'f', 1, 64), ".0")
		text = problem.Text{ZH: short + " 秒", EN: short + " s"}
	case d < time.Hour:
		text = problem.Text{ZH: fmt.Sprintf("%d 分 %d 秒", seconds/60, seconds%60), EN: fmt.Sprintf("%d min %d s", seconds/60, seconds%60)}
	default:
		text = problem.Text{
			ZH: fmt.Sprintf("%d 小时 %d 分", seconds/3600, seconds/60%60), EN: fmt.Sprintf("%d h %d min", seconds/3600, seconds/60%60),
		}
	}
	return text.In(language)
}

// isRefused reports whether nobody listens at an address, or nobody has it.
func isRefused(err error) bool {
	_, unknown := errors.AsType[*net.DNSError](err)
	return unknown || errors.Is(err, syscall.ECONNREFUSED)
}
