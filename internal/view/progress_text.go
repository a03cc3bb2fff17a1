package view

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxSteps is the largest count shown as steps; above it (bytes, say) the
// percentage says more.
const maxSteps = 999_999

// minBar and maxBar limit the width of a progress bar.
const (
	minBar = 6
	maxBar = 30
)

// plainStatus is a running unit on one line of a log: "pretrain.rotation[seed=0]
// step 200/1000 loss 0.812 accuracy 0.712 3,900 examples/s 0:42 left".
func (u *unitBoard) plainStatus(now time.Time) string {
	return join(" ", u.address, u.step(0), valuesText(u.progress.Values, len(u.progress.Values)), rateText(u.progress.Rate, " examples/s"), u.leftText(now, " left"))
}

// line is a running unit in width columns. What matters less goes first when
// there is not room for everything.
func (u *unitBoard) line(nameWidth, width int, now time.Time) string {
	name := padRight(u.address, nameWidth)
	values, rate := valuesText(u.progress.Values, 2), u.progress.Rate
	for _, layout := range []struct {
		bar  int
		text string
	}{
		{2 * minBar, join("  ", u.step(len(strconv.Itoa(u.progress.Total))), values, rateText(rate, " examples/s"), u.leftText(now, " left"))},
		{minBar, join("  ", u.percent(), values, rateText(rate, "/s"), u.leftText(now, ""))},
		{0, join("  ", u.percent(), values, rateText(rate, "/s"), u.leftText(now, " left"))},
		{0, join("  ", u.percent(), values, rateText(rate, "/s"), u.leftText(now, ""))},
		{0, join("  ", u.percent(), values, u.leftText(now, ""))},
		{0, join("  ", u.percent(), valuesText(u.progress.Values, 1), u.leftText(now, ""))},
		{0, join("  ", u.percent(), u.leftText(now, ""))},
	} {
		room := width - cells(name) - 2 - cells(layout.text)
		if room < 0 || layout.bar > 0 && u.progress.Total > 0 && room < layout.bar+2 {
			continue
		}
		drawn := ""
		if layout.bar > 0 && u.progress.Total > 0 {
			drawn = bar(u.progress.Step, u.progress.Total, min(room-2, maxBar))
		}
		return join("  ", name, drawn, layout.text)
	}
	return takeColumns(u.address, width)
}

// line is the whole run in width columns.
func (b *board) line(width int, now time.Time) string {
	left, running, elsewhere := "", "", ""
	if rest, ok := b.left(now); ok {
		left = "about " + clock(rest) + " left"
	}
	if n := len(b.running); n > maxBars {
		running = fmt.Sprintf("%d running", n)
	}
	if n := len(b.elsewhere); n > 0 {
		elsewhere = fmt.Sprintf("%d elsewhere", n)
	}
	text := join("  ", running, elsewhere, clock(now.Sub(b.started))+" elapsed", left)
	count := fmt.Sprintf("%d/%s", b.done(), plural(b.total, "unit"))
	drawn := ""
	if room := width - cells(count) - cells(text) - 4; room >= minBar {
		drawn = bar(b.done(), b.total, min(room, maxBar))
	}
	line := join("  ", count, drawn, text)
	if cells(line) > width {
		return takeColumns(line, width)
	}
	return line
}

// summary is what a run did: "48 units: 0 run, 48 cached in 0.3 s".
func (b *board) summary(now time.Time) string {
	parts := []string{fmt.Sprintf("%d run", b.ran), fmt.Sprintf("%d cached", b.cached)}
	if b.failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", b.failed))
	}
	if b.diverged > 0 {
		parts = append(parts, fmt.Sprintf("%d diverged", b.diverged))
	}
	if b.blocked > 0 {
		parts = append(parts, fmt.Sprintf("%d blocked", b.blocked))
	}
	if rest := b.total - b.done() - b.failed - b.blocked; rest > 0 {
		parts = append(parts, fmt.Sprintf("%d left", rest))
	}
	if b.leftOut > 0 {
		parts = append(parts, fmt.Sprintf("%d left out", b.leftOut))
	}
	return fmt.Sprintf("%s: %s in %s", plural(b.total+b.leftOut, "unit"), strings.Join(parts, ", "), duration(now.Sub(b.started)))
}

// step says how far the unit is; the step is padded to digits, so that lines
// that are redrawn keep still.
func (u *unitBoard) step(digits int) string {
	p := u.progress
	switch {
	case p.Total > maxSteps || p.Note != "":
		return join(" ", p.Note, strings.TrimLeft(u.percent(), " "))
	case p.Total > 0:
		return fmt.Sprintf("step %*d/%d", digits, p.Step, p.Total)
	case p.Step > 0:
		return fmt.Sprintf("step %d", p.Step)
	}
	return "started"
}

func (u *unitBoard) percent() string {
	if u.progress.Total <= 0 {
		return ""
	}
	return fmt.Sprintf("%3d %%", 100*u.progress.Step/u.progress.Total)
}

func (u *unitBoard) leftText(now time.Time, suffix string) string {
	rest, ok := u.left(now)
	if !ok {
		return ""
	}
	return clock(rest) + suffix
}

// valuesText lists at most n numbers of a report: loss, accuracy, then the
// others by name.
func valuesText(values map[string]float64, n int) string {
	first := []string{"loss", "accuracy"}
	names := slices.Sorted(maps.Keys(values))
	slices.SortStableFunc(names, func(a, b string) int {
		return rank(first, a) - rank(first, b)
	})
	names = names[:min(n, len(names))]
	for i, name := range names {
		names[i] = name + " " + valueText(values[name])
	}
	return strings.Join(names, " ")
}

func rank(first []string, name string) int {
	if i := slices.Index(first, name); i >= 0 {
		return i
	}
	return len(first)
}

func valueText(x float64) string {
	if size := math.Abs(x); size >= 1e4 || size > 0 && size < 1e-3 {
		return strconv.FormatFloat(x, 'e', 2, 64)
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}

// rateText groups thousands: "3,900 examples/s".
func rateText(rate float64, unit string) string {
	if !(rate > 0) || math.IsInf(rate, 0) {
		return ""
	}
	switch {
	case rate < 10:
		return strconv.FormatFloat(rate, 'f', 1, 64) + unit
	case rate < 1000: // 999.6 is not 1,000
		return strconv.FormatFloat(rate, 'f', 0, 64) + unit
	}
	return thousands(rate) + unit
}

// clock writes a duration as 0:42 or 1:02:03.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// duration is for a finished thing: tenths of a second matter below a minute.
func duration(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return clock(d)
}

func bar(done, total, width int) string {
	filled := 0
	if total > 0 {
		filled = clamp(done*width/total, 0, width)
	}
	return strings.Repeat("█", filled) + strings.Repeat("░", width-filled)
}

// join puts the parts that are not empty together.
func join(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), separator)
}

// nameWidth is the width at which the names of running units line up.
func (b *board) nameWidth() int {
	width := 0
	for _, u := range b.running {
		width = max(width, cells(u.address))
	}
	return width
}
