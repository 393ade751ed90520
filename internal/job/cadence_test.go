package job

import (
	"errors"
	"testing"
	"time"
)

func TestCadence(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ text, after, want string }{
		"counts_periods_from_1970":             {"every 10m", "2026-03-01T10:03:00Z", "2026-03-01T10:10:00Z"},
		"takes_the_slot_after_one":             {"every 10m", "2026-03-01T10:10:00Z", "2026-03-01T10:20:00Z"},
		"takes_a_time_of_day_by_its_zone":      {"daily 09:30 Asia/Shanghai", "2026-03-01T00:00:00Z", "2026-03-01T01:30:00Z"},
		"takes_the_next_day_when_it_is_past":   {"daily 09:30 Asia/Shanghai", "2026-03-01T01:30:00Z", "2026-03-02T01:30:00Z"},
		"takes_a_day_of_the_week":              {"weekly mon 09:30 Asia/Shanghai", "2026-03-03T00:00:00Z", "2026-03-09T01:30:00Z"},
		"goes_on_after_a_gap_of_the_clocks":    {"daily 02:30 Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"},
		"takes_what_clocks_show_twice_by_once": {"daily 02:30 Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cadence, err := ParseCadence(c.text)
			if err != nil {
				t.Fatal(err)
			}
			after, err := time.Parse(time.RFC3339, c.after)
			if err != nil {
				t.Fatal(err)
			}
			if got := cadence.Next(after).UTC().Format(time.RFC3339); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if cadence.String() != c.text {
				t.Errorf("%q, want %q", cadence, c.text)
			}
		})
	}
	for _, text := range []string{
		"", "every", "every 10", "every 10ms", "daily", "daily 25:00 UTC", "daily 09:30", "daily 09:30 Nowhere/Town", "weekly day 09:30 UTC",
		"hourly 09:30 UTC", "weekly mon 09:30",
	} {
		t.Run("refuses_"+text, func(t *testing.T) {
			t.Parallel()
			if _, err := ParseCadence(text); !errors.Is(err, ErrCadence) {
				t.Errorf("%v, want ErrCadence", err)
			}
		})
	}
}
