package dataset

import (
	"fmt"
	"strings"
)

// Report says what preparing a data set changed or left out.
type Report struct {
	Images     int            `json:"images"`               // stored, over all splits; of text, sequences
	Skipped    []Skip         `json:"skipped,omitempty"`    // files that could not be decoded
	Converted  map[string]int `json:"converted,omitempty"`  // such as "grey to colour": 7
	Ignored    int            `json:"ignored,omitempty"`    // files that do not mean to be images
	Duplicates map[string]int `json:"duplicates,omitempty"` // dropped from a split for equalling a test or validation image
	Text       *TextReport    `json:"text,omitempty"`       // nil for images
}

// TextReport says what text became.
type TextReport struct {
	Documents int   `json:"documents"` // in all splits, as far as they are kept
	Tokens    int64 `json:"tokens"`    // of these, without those that begin and end sequences
	Truncated int   `json:"truncated"` // documents that a sequence of their own has no room for
	// UnknownShare is the share of tokens that stand for words which the vocabulary
	// cannot spell.
	UnknownShare float64 `json:"unknown_share"`
}

// Skip is a file or document that was left out, and why.
type Skip struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// maxBadShare is the share of undecodable files above which a data set is not
// used: a few are normal on the web, many mean that something is wrong.
const maxBadShare = 0.01

// tooMany returns an error where more than maxBadShare of the files, and more
// than one, could not be decoded. Things says what they are and what is wrong.
func (r *Report) tooMany(files int, things string) error {
	if bad := len(r.Skipped); bad <= 1 || float64(bad) <= maxBadShare*float64(files) {
		return nil
	}
	var first []string
	for _, s := range r.Skipped[:min(5, len(r.Skipped))] {
		first = append(first, shown(s.Name)+" "+s.Reason)
	}
	return fmt.Errorf("%d of %d %s, more than %g %%: %s", len(r.Skipped), files, things, 100*maxBadShare, strings.Join(first, "; "))
}
