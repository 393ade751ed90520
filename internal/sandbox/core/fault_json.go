package core

import (
	"encoding/json"
	"time"
)

// faultJSON gives Fault its delay as text; the alias drops Fault's own methods.
type (
	faultFields Fault
	faultJSON   struct {
		*faultFields
		Delay  Duration `json:"delay,omitempty"`
		Seen   *int     `json:"seen,omitempty"`
		Struck *int     `json:"struck,omitempty"`
	}
)

// UnmarshalJSON reads a fault; delay is text ("300ms").
func (f *Fault) UnmarshalJSON(b []byte) error {
	wire := faultJSON{faultFields: (*faultFields)(f)}
	if err := StrictJSON(b, &wire); err != nil {
		return err
	}
	f.Delay = time.Duration(wire.Delay)
	return nil
}

// MarshalJSON writes the fault and its counters.
func (s FaultStatus) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultJSON{(*faultFields)(&s.Fault), Duration(s.Delay), &s.Seen, &s.Struck})
}
