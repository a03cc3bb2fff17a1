package view

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"sslpipe/internal/metrics"
)

// absent stands in a cell that has no number.
const absent = "-"

const plusMinus = " ± "

// scale is how the values of a metric are written: in percent with one decimal
// where that is how people speak of it, otherwise as they are with three.
type scale struct{ percent bool }

func scaleOf(metric string) scale { return scale{percent: metricOf(metric).Percent} }

// metricOf also knows what another version measured, by its name.
func metricOf(name string) metrics.Metric {
	if m, ok := metrics.MetricNamed(name); ok {
		return m
	}
	return metrics.Metric{Name: name, Title: name}
}

func (s scale) value(x float64) string {
	if s.percent {
		return strconv.FormatFloat(100*x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}

// signed writes a difference; what rounds to nothing has no sign.
func (s scale) signed(x float64) string {
	text := s.value(x)
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	if x > 0 {
		return "+" + text
	}
	return text
}

// in is the unit behind a metric's name, if it has one.
func (s scale) in() string {
	if s.percent {
		return " in %"
	}
	return ""
}

// interval writes the ends so that those of several lines can be lined up.
func (s scale) interval(i *metrics.Interval, loWidth, hiWidth int) string {
	if i == nil {
		return absent
	}
	return "[" + padLeft(s.signed(i.Lo), loWidth) + ", " + padLeft(s.signed(i.Hi), hiWidth) + "]"
}

// meanCell lines up the ± of a column whose deviations take sdWidth.
func (s scale) meanCell(sample metrics.Summary, sdWidth int) string {
	tail := 0
	if sdWidth > 0 {
		tail = cells(plusMinus) + sdWidth
	}
	switch sample.N {
	case 0:
		return absent + strings.Repeat(" ", tail)
	case 1:
		return s.value(sample.Mean) + strings.Repeat(" ", tail)
	}
	return s.value(sample.Mean) + plusMinus + padLeft(s.value(sample.SD), sdWidth)
}

// sdWidth is how many columns the standard deviations of these samples take.
func (s scale) sdWidth(samples []metrics.Summary) int {
	width := 0
	for _, sample := range samples {
		if sample.N > 1 {
			width = max(width, len(s.value(sample.SD)))
		}
	}
	return width
}

// pText writes a p value.
func pText(p float64) string {
	if p < 0.0005 {
		return "<0.001"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}

func labelsCell(labels int) string {
	if labels == 0 {
		return "all"
	}
	return thousands(float64(labels))
}

// thousands writes a count, not negative, which may be a mean, with commas.
func thousands(x float64) string {
	digits := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// flopsText writes a number of operations with three digits: "12.3 TFLOP".
func flopsText(x float64) string {
	if x <= 0 {
		return absent
	}
	prefixes := []string{"", "k", "M", "G", "T", "P", "E", "Z"}
	i := 0
	// 999.5 would be written as 1000.
	for x >= 999.5 && i < len(prefixes)-1 {
		x /= 1000
		i++
	}
	decimals := 2
	for digits := x; digits >= 9.995 && decimals > 0; digits /= 10 {
		decimals--
	}
	return fmt.Sprintf("%.*f %sFLOP", decimals, x, prefixes[i])
}

// labelCount writes a number of labels that was interpolated: two digits where
// it is small.
func labelCount(x float64) string {
	if x < 10 && x != math.Round(x) {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return thousands(x)
}

// slug is a name as part of a file's name, an anchor or a label: letters, digits
// and hyphens.
func slug(name string) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, name)
	return cmp.Or(strings.Trim(text, "-"), "unnamed")
}
