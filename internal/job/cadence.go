package job

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// MinEvery is the shortest period of a schedule.
const MinEvery = time.Second

// ErrCadence says what a cadence looks like.
var ErrCadence = errors.New(`a cadence is "every 10m", "daily 09:30 Asia/Shanghai" or "weekly mon 09:30 Asia/Shanghai"`)

var weekdays = map[string]time.Weekday{
	"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday, "thu": time.Thursday, "fri": time.Friday,
	"sat": time.Saturday,
}

// Cadence is when a schedule is due: a period, or a time of day by the clock of a place.
type Cadence struct {
	text    string
	every   time.Duration // 0: a time of day
	hour    int
	minute  int
	weekday int // -1: every day
	zone    *time.Location
}

// ParseCadence reads a cadence; ErrCadence. Periods are counted from 1970, UTC, so that they are the same for every instance.
func ParseCadence(text string) (Cadence, error) {
	c := Cadence{text: text, weekday: -1}
	words := strings.Fields(text)
	if len(words) == 2 && words[0] == "every" {
		every, err := time.ParseDuration(words[1])
		if err != nil || every < MinEvery {
			return Cadence{}, ErrCadence
		}
		c.every = every
		return c, nil
	}
	if len(words) == 4 && words[0] == "weekly" {
		day, ok := weekdays[words[1]]
		if !ok {
			return Cadence{}, ErrCadence
		}
		c.weekday = int(day)
		words = append([]string{"daily"}, words[2:]...)
	}
	if len(words) != 3 || words[0] != "daily" {
		return Cadence{}, ErrCadence
	}
	at, err := time.Parse("15:04", words[1])
	if err != nil {
		return Cadence{}, ErrCadence
	}
	c.hour, c.minute = at.Hour(), at.Minute()
	if c.zone, err = time.LoadLocation(words[2]); err != nil {
		return Cadence{}, fmt.Errorf("%w: the zone %q is unknown", ErrCadence, words[2])
	}
	return c, nil
}

// Next returns the first slot after an instant. A time of day that the clocks leave out is an hour later there, and of one
// that they show twice the first counts.
func (c Cadence) Next(after time.Time) time.Time {
	if c.every > 0 {
		period := c.every.Milliseconds()
		return time.UnixMilli((after.UnixMilli()/period + 1) * period)
	}
	year, month, day := after.In(c.zone).Date()
	for i := 0; ; i++ {
		slot := time.Date(year, month, day+i, c.hour, c.minute, 0, 0, c.zone)
		if first := slot.Add(-time.Hour); first.Hour() == c.hour && first.Minute() == c.minute {
			slot = first
		}
		if slot.After(after) && (c.weekday < 0 || int(slot.Weekday()) == c.weekday) {
			return slot
		}
	}
}

// String returns the cadence as it was given.
func (c Cadence) String() string { return c.text }
