package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/cache"
)

// shortFingerprint is as much of a fingerprint as tells results apart.
const shortFingerprint = 8

// CacheList writes what a store holds: totals, then the results in shown, one a
// line.
func CacheList(w io.Writer, survey *cache.Survey, shown []*cache.Result, now time.Time, s Style) error {
	if err := writeWrapped(w, cacheTotals(survey, shown), s); err != nil || len(shown) == 0 {
		return err
	}
	g := grid{columns: []column{{header: "result", left: true}, {header: "size"}, {header: "age"}, {header: "took"},
		{header: "kept by", left: true}, {header: "unit", left: true}}}
	for _, r := range shown {
		g.rows = append(g.rows, []entry{{text: short(r.Fingerprint)}, {text: resultSize(r)}, {text: age(now.Sub(r.Created))},
			{text: secondsText(r.Seconds)}, {text: keepers(r)}, {text: r.Unit}})
	}
	fmt.Fprintln(w)
	return g.writeTerminal(w, s)
}

func cacheTotals(survey *cache.Survey, shown []*cache.Result) string {
	text := fmt.Sprintf("%s: %s in %s of files, %s.", survey.Dir, plural(len(survey.Results), "result"),
		plural(len(survey.Inventory.Objects), "folder"), usageText(survey.Total()))
	var kept, free []*cache.Result
	for _, r := range survey.Results {
		if r.Kept() {
			kept = append(kept, r)
		} else {
			free = append(free, r)
		}
	}
	switch {
	case len(kept) > 0 && len(free) == 0:
		text += fmt.Sprintf(" All results are kept by %s.", rootsText(survey.Roots))
	case len(kept) > 0:
		text += fmt.Sprintf(" Of the results, %s kept by %s.", counted(kept, survey, "is", "are"), rootsText(survey.Roots))
	}
	if len(free) > 0 {
		text += fmt.Sprintf(" Nothing keeps %s: sslpipe cache gc tells what would go.", counted(free, survey, "", ""))
	}
	if len(shown) < len(survey.Results) {
		text += fmt.Sprintf("\nHere: %s.", counted(shown, survey, "", ""))
	}
	return text
}

// counted is "3 (12.3 MB) are".
func counted(list []*cache.Result, survey *cache.Survey, one, many string) string {
	verb := many
	if len(list) == 1 {
		verb = one
	}
	return strings.TrimSpace(fmt.Sprintf("%d (%s) %s", len(list), bytesText(survey.Space(list).Bytes), verb))
}

func rootsText(roots *cache.Roots) string {
	counts := map[cache.RootKind]int{}
	for _, r := range roots.List {
		counts[r.Kind]++
	}
	var parts []string
	for _, k := range []struct {
		kind cache.RootKind
		name string
	}{{cache.RootLock, "lock file"}, {cache.RootRun, "run"}} {
		if n := counts[k.kind]; n > 0 {
			parts = append(parts, plural(n, k.name))
		}
	}
	return strings.Join(parts, " and ")
}

// keepers is what keeps a result, in few words.
func keepers(r *cache.Result) string {
	counts := map[cache.RootKind]int{}
	for _, root := range r.Roots {
		counts[root.Kind]++
	}
	var parts []string
	for _, kind := range []cache.RootKind{cache.RootLock, cache.RootRun} {
		if counts[kind] > 0 {
			parts = append(parts, plural(counts[kind], string(kind)))
		}
	}
	if len(r.NeededBy) > 0 {
		parts = append(parts, plural(len(r.NeededBy), "result"))
	}
	if len(parts) == 0 {
		return absent
	}
	return strings.Join(parts, ", ")
}

func short(name string) string { return name[:min(len(name), shortFingerprint)] }

func resultSize(r *cache.Result) string {
	if r.Missing {
		return "missing"
	}
	return bytesText(r.Usage.Bytes)
}

func usageText(u artifact.Usage) string {
	return fmt.Sprintf("%s (%s on disk)", bytesText(u.Bytes), bytesText(u.Disk))
}

// bytesText writes a number of bytes with three digits: "12.3 MB".
func bytesText(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	x, prefix := float64(n)/1000, 0
	for x >= 999.5 && prefix < len("kMGTPE")-1 {
		x /= 1000
		prefix++
	}
	decimals := 2
	for digits := x; digits >= 9.995 && decimals > 0; digits /= 10 {
		decimals--
	}
	return fmt.Sprintf("%.*f %cB", decimals, x, "kMGTPE"[prefix])
}

// age writes how long ago something was, in one unit.
func age(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d min", max(0, int(d/time.Minute)))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	}
	return fmt.Sprintf("%d d", int(d/(24*time.Hour)))
}

func writeWrapped(w io.Writer, text string, s Style) error {
	_, err := fmt.Fprintln(w, strings.Join(wrap(text, s.width()), "\n"))
	return err
}
