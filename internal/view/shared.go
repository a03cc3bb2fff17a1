package view

import (
	"fmt"
	"io"
	"time"

	"sslpipe/internal/mirror"
)

// SharedList writes what a shared store has; here tells whether this machine has the
// result of a fingerprint.
func SharedList(w io.Writer, url string, list []mirror.Listed, here func(fingerprint string) bool, now time.Time, s Style) error {
	var bytes int64
	g := grid{columns: []column{{header: "result", left: true}, {header: "size"}, {header: "age"}, {header: "took"},
		{header: "here", left: true}, {header: "unit", left: true}}}
	for _, l := range list {
		row := []entry{{text: short(l.Fingerprint)}, {text: absent}, {text: absent}, {text: absent}, {text: absent}, {text: "cannot be read: " + l.Wrong}}
		if l.Wrong == "" {
			bytes += l.Bytes
			row = []entry{{text: short(l.Fingerprint)}, {text: bytesText(l.Bytes)}, {text: age(now.Sub(l.Created))},
				{text: secondsText(l.Seconds)}, {text: absent}, {text: l.Unit}}
		}
		if here(l.Fingerprint) {
			row[4].text = "yes"
		}
		g.rows = append(g.rows, row)
	}
	text := fmt.Sprintf("%s: %s, %s.", printable(url), plural(len(list), "result"), bytesText(bytes))
	if err := writeWrapped(w, text, s); err != nil || len(list) == 0 {
		return err
	}
	fmt.Fprintln(w)
	return g.writeTerminal(w, s)
}

type sharedJSON struct {
	Unit        string    `json:"unit,omitempty"`
	Fingerprint string    `json:"fingerprint"`
	Result      string    `json:"result,omitempty"` // digest
	Bytes       int64     `json:"bytes"`
	Created     time.Time `json:"created,omitzero"`
	Seconds     float64   `json:"seconds"`
	Here        bool      `json:"here"`
	Wrong       string    `json:"wrong,omitempty"`
}

// SharedListJSON writes what SharedList shows.
func SharedListJSON(w io.Writer, url string, list []mirror.Listed, here func(fingerprint string) bool) error {
	out := []sharedJSON{}
	for _, l := range list {
		out = append(out, sharedJSON{Unit: l.Unit, Fingerprint: l.Fingerprint, Result: l.Tree, Bytes: l.Bytes,
			Created: l.Created, Seconds: l.Seconds, Here: here(l.Fingerprint), Wrong: l.Wrong})
	}
	return writeJSON(w, struct {
		Version int          `json:"version"`
		Store   string       `json:"store"`
		Results []sharedJSON `json:"results"`
	}{cacheVersion, url, out})
}

// Pushed writes what became of results that were sent to a shared store.
func Pushed(w io.Writer, url string, p mirror.Pushed) error {
	text := fmt.Sprintf("Sent %s to %s; %s there.", plural(p.Sent, "result"), printable(url), wereText(p.There))
	if p.Failed > 0 {
		text += fmt.Sprintf(" %s could not be sent.", plural(p.Failed, "result"))
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// Pulled writes what came from a shared store, of which some was here before.
func Pulled(w io.Writer, url string, before int, f mirror.Fetched) error {
	_, err := fmt.Fprintf(w, "Fetched %s from %s; %s here.\n", plural(f.Results, "result"), printable(url), wereText(before))
	return err
}

func wereText(n int) string {
	if n == 1 {
		return "1 was"
	}
	return fmt.Sprintf("%d were", n)
}

// Transfer shows how many results have been transferred: one line that changes on a
// terminal, else a line now and then.
type Transfer struct {
	w     io.Writer
	what  string
	style Style
	shown time.Time
}

// NewTransfer shows progress on w; what is "sending", for example.
func NewTransfer(w io.Writer, what string, s Style) *Transfer {
	return &Transfer{w: w, what: what, style: s, shown: time.Now()}
}

// Report is told how many results are done, of how many.
func (t *Transfer) Report(done, total int) {
	line := fmt.Sprintf("%s: %d of %s", t.what, done, plural(total, "result"))
	switch {
	case t.style.Terminal && done == total:
		fmt.Fprint(t.w, "\r\x1b[K")
	case t.style.Terminal:
		fmt.Fprint(t.w, "\r\x1b[K"+line)
	case time.Since(t.shown) >= linesEvery:
		t.shown = time.Now()
		fmt.Fprintln(t.w, line)
	}
}
