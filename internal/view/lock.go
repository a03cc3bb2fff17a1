package view

import (
	"fmt"
	"io"
	"slices"

	"sslpipe/internal/lockfile"
)

// Lock tells what became of a lock file: of how many units, and how it differs
// from what it was. Old is nil where there was none.
func Lock(w io.Writer, path string, old, now *lockfile.File, written bool, s Style) error {
	known := 0
	for _, u := range now.Units {
		if u.Result != "" {
			known++
		}
	}
	content := fmt.Sprintf("%s, %s known", plural(len(now.Units), "unit"), plural(known, "result"))
	switch {
	case !written:
		return writeWrapped(w, fmt.Sprintf("%s is up to date: %s.", path, content), s)
	case old == nil:
		return writeWrapped(w, fmt.Sprintf("Wrote %s: %s.", path, content), s)
	}
	if err := writeWrapped(w, fmt.Sprintf("Updated %s: %s.", path, content), s); err != nil {
		return err
	}
	return lockDifferences(w, lockfile.Compare(old, now), s)
}

// LockCheck tells how a lock file differs from what sslpipe lock would write.
func LockCheck(w io.Writer, path string, old, now *lockfile.File, s Style) error {
	if old == nil {
		return writeWrapped(w, fmt.Sprintf("There is no %s; sslpipe lock would write it: %s.", path, plural(len(now.Units), "unit")), s)
	}
	list := lockfile.Compare(old, now)
	if len(list) == 0 {
		return writeWrapped(w, fmt.Sprintf("%s says the same, but not as sslpipe lock writes it.", path), s)
	}
	if err := writeWrapped(w, path+" is not up to date; sslpipe lock writes it again.", s); err != nil {
		return err
	}
	return lockDifferences(w, list, s)
}

// lockDifferences lists differences. Where another runtime computes, every
// fingerprint differs, and they are only counted.
func lockDifferences(w io.Writer, list []lockfile.Difference, s Style) error {
	g := grid{columns: []column{{header: "locked", left: true}, {header: "now", left: true}, {header: "what", left: true}, {header: "unit", left: true}}}
	counts := map[lockfile.Change]int{}
	for _, d := range list {
		counts[d.Change]++
		if d.Change == lockfile.Runtime {
			if err := runtimeDifference(w, d, s); err != nil {
				return err
			}
		}
		if d.Change == lockfile.Runtime || d.Change == lockfile.Fingerprint && counts[lockfile.Runtime] > 0 {
			continue
		}
		g.rows = append(g.rows, []entry{{text: shortOrAbsent(d.Old)}, {text: shortOrAbsent(d.New)}, {text: lockText(d.Change)}, {text: d.Unit}})
	}
	if counts[lockfile.Runtime] > 0 && counts[lockfile.Fingerprint] > 0 {
		text := fmt.Sprintf("%s another fingerprint, as on any other runtime; what else differs is not known.", have(counts[lockfile.Fingerprint]))
		if err := writeWrapped(w, text, s); err != nil {
			return err
		}
	}
	if n := counts[lockfile.Divergent]; n > 0 {
		text := fmt.Sprintf("DIVERGENT: %s another result than the lock file says, for the same fingerprint.", have(n))
		if err := writeWrapped(w, s.paint(red, text), s); err != nil {
			return err
		}
	}
	if len(g.rows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return g.writeTerminal(w, s)
}

// LockDivergence tells of results that are not those which a lock file has for the
// same fingerprints. It says nothing where there are none.
func LockDivergence(w io.Writer, path string, list []lockfile.Difference, s Style) error {
	list = slices.DeleteFunc(slices.Clone(list), func(d lockfile.Difference) bool { return d.Change != lockfile.Divergent })
	if len(list) == 0 {
		return nil
	}
	if err := lockDifferences(w, list, s); err != nil {
		return err
	}
	return writeWrapped(w, path+" keeps what it says. sslpipe verify reruns and compares; sslpipe lock takes the stored results instead.", s)
}

func runtimeDifference(w io.Writer, d lockfile.Difference, s Style) error {
	return writeWrapped(w, fmt.Sprintf("The runtime was %s and is %s.", d.Old, d.New), s)
}

func have(n int) string {
	if n == 1 {
		return "1 unit has"
	}
	return plural(n, "unit") + " have"
}

func shortOrAbsent(name string) string {
	if name == "" {
		return absent
	}
	return short(name)
}

func lockText(c lockfile.Change) string {
	return map[lockfile.Change]string{
		lockfile.Added:       "unit added",
		lockfile.Removed:     "unit removed",
		lockfile.Fingerprint: "fingerprint",
		lockfile.Result:      "result stored",
		lockfile.Divergent:   "DIVERGENT result",
	}[c]
}
