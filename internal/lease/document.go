package lease

import (
	"encoding/json"
	"fmt"
	"time"
)

// folder is where leases are in a bucket, beside the results.
const folder = "leases/"

// maxDocument is more than a document takes, and maxReason what it has of a reason, in
// bytes; maxNumber is more than ever took over from one another.
const (
	maxDocument = 16 << 10
	maxReason   = 2000
	maxNumber   = 1 << 20
)

func blobName(name string, number int) string {
	return fmt.Sprintf("%s%s/%d.json", folder, name, number)
}

// document is what a blob says.
type document struct {
	Who  string `json:"who"`
	Says string `json:"says,omitempty"`
	// Token is of one taking of a lease.
	Token         string  `json:"token"`
	PeriodSeconds float64 `json:"period_seconds"`
	// Renewed counts, so that the text changes.
	Renewed  int    `json:"renewed"`
	Released bool   `json:"released"`
	Reason   string `json:"reason,omitempty"`
	// Time is for people: nobody reads it.
	Time time.Time `json:"time"`
}

func (d document) encode() []byte {
	d.Time = time.Now().UTC().Truncate(time.Second)
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		panic(err) // texts and numbers can be encoded
	}
	return append(text, '\n')
}

// unreadable is the period of a document that cannot be read, in seconds.
const unreadable = 60

// decode reads a document. One that cannot be read is held by somebody unknown, until
// it has not changed for a while.
func decode(text []byte) document {
	var d document
	if err := json.Unmarshal(text, &d); err != nil || d.Token == "" {
		return document{Who: "somebody whose lease cannot be read", PeriodSeconds: unreadable}
	}
	return d
}

// period is how long the holder may be silent.
func (d document) period() time.Duration {
	// Bounded before it is made a whole number, in which there may be no room for it.
	seconds := min(max(d.PeriodSeconds, MinPeriod.Seconds()), MaxPeriod.Seconds())
	return time.Duration(seconds * float64(time.Second))
}
