package importer

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/rowgate/rowgate/internal/problem"
)

const (
	lineEvery = 5 * time.Second // between two lines of progress, where there is no bar
	barWidth  = 24              // characters
	saidAfter = 2 * time.Second // a wait that is longer than this is told
)

// progress shows how far an import is: a bar on a terminal, lines elsewhere. It is safe for concurrent use.
type progress struct {
	mu       sync.Mutex
	out      io.Writer
	drawn    bool // a bar is wanted
	language problem.Lang
	bar      *progressbar.ProgressBar
	total    int
	done     int
	began    time.Time
	said     time.Time
}

func newProgress(terminal Terminal, language problem.Lang) *progress {
	return &progress{out: terminal.Progress, drawn: terminal.Bar, language: language}
}

// begin starts with so many rows to come.
func (p *progress) begin(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total, p.done, p.began, p.said = total, 0, time.Now(), time.Now()
	if p.drawn && total > 0 {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.out), progressbar.OptionSetWidth(barWidth), progressbar.OptionShowCount(),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetRenderBlankState(true), progressbar.OptionClearOnFinish(), progressbar.OptionUseANSICodes(true))
	}
}

func (p *progress) text(zh, en string) string { return problem.Text{ZH: zh, EN: en}.In(p.language) }

// add counts rows that are answered for; refused is how many rows were refused until now.
func (p *progress) add(rows, refused int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += rows
	if p.bar != nil {
		_ = p.bar.Add(rows) // a terminal that is gone shows nothing
		p.bar.Describe(p.pace(refused))
		return
	}
	if time.Since(p.said) < lineEvery || p.total == 0 {
		return
	}
	p.said = time.Now()
	_, _ = fmt.Fprintf(p.out, p.text("%s / %s 行（%d%%），%s\n", "%s of %s rows (%d %%), %s\n"),
		grouped(p.done), grouped(p.total), 100*p.done/p.total, p.pace(refused))
}

// pace says how fast rows are written, how long the rest takes at that, and how many were refused.
func (p *progress) pace(refused int) string {
	rate := float64(p.done) / time.Since(p.began).Seconds()
	left := time.Duration(float64(max(0, p.total-p.done)) / rate * float64(time.Second))
	text := fmt.Sprintf(p.text("每秒 %s 行，还要 %s", "%s rows/s, %s left"), grouped(int(rate)), lasted(left.Round(time.Second), p.language))
	if refused > 0 {
		text += fmt.Sprintf(p.text("，%s 行有误", ", %s refused"), grouped(refused))
	}
	return text
}

// waiting tells that a call is repeated, and why.
func (p *progress) waiting(why error, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.text("服务没有应答", "the service does not answer")
	if refused, ok := errors.AsType[*Refused](why); ok {
		text = refused.Detail
	}
	text = fmt.Sprintf(p.text("%s；%s 后再试", "%s; trying again in %s"), text, lasted(wait, p.language))
	switch {
	case p.bar != nil:
		p.bar.Describe(text)
	case wait >= saidAfter:
		_, _ = fmt.Fprintln(p.out, text)
	}
}

// end takes the bar away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear() // a terminal that is gone shows nothing
		p.bar = nil
	}
}
