package view

import (
	"fmt"
	"io"
	"time"

	"sslpipe/internal/artifact"
)

// CacheAudit writes what the verification of a store found.
func CacheAudit(w io.Writer, a *artifact.Audit, s Style) error {
	checked := fmt.Sprintf("%s, %s in %s", plural(a.Results, "result"), bytesText(a.Read.Bytes), plural(a.Read.Files, "file"))
	if len(a.Damaged) == 0 {
		return writeWrapped(w, checked+": every file is as it was stored.", s)
	}
	if err := writeWrapped(w, fmt.Sprintf("%s: %d damaged. The next run that needs a damaged result makes it again.", checked, len(a.Damaged)), s); err != nil {
		return err
	}
	for _, d := range a.Damaged {
		fmt.Fprintln(w)
		for _, line := range damageLines(d, s) {
			fmt.Fprintln(w, line)
		}
	}
	return nil
}

func damageLines(d artifact.Damage, s Style) []string {
	name := d.Unit
	switch {
	case d.Object != "":
		name = "files without a result, " + short(d.Object)
	case name == "":
		name = "an entry, " + short(d.Fingerprint)
	}
	lines := append([]string{s.paint(bold, name)}, hang("  ", d.Reason, s.width())...)
	if d.Aside != "" {
		lines = append(lines, "  set aside as "+d.Aside) // whole, for whoever copies it
	}
	return lines
}

// Verification shows how far the reading of a store is: one line that changes on
// a terminal, else a line now and then.
type Verification struct {
	w     io.Writer
	style Style
	shown time.Time
}

// NewVerification shows progress on w.
func NewVerification(w io.Writer, s Style) *Verification {
	return &Verification{w: w, style: s, shown: time.Now()}
}

// Report is told how many bytes have been read, of how many.
func (v *Verification) Report(done, total int64) {
	every := linesEvery
	if v.style.Terminal {
		every = 200 * time.Millisecond
	}
	if total == 0 || time.Since(v.shown) < every {
		return
	}
	v.shown = time.Now()
	line := fmt.Sprintf("reading: %d %% of %s", 100*done/total, bytesText(total))
	if v.style.Terminal {
		fmt.Fprint(v.w, "\r\x1b[K"+line)
		return
	}
	fmt.Fprintln(v.w, line)
}

// Close clears the line that changes.
func (v *Verification) Close() {
	if v.style.Terminal {
		fmt.Fprint(v.w, "\r\x1b[K")
	}
}
