package view

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sslpipe/internal/plan"
)

// PlanOptions say how much of a plan is shown.
type PlanOptions struct {
	Units bool      // a line for each unit and not only for each stage
	Now   time.Time // to tell how old things are
}

// Plan writes what a run would do and why: totals first, then a line for all units
// of a stage that have the same status for the same reasons. statuses come from
// [plan.Statuses].
func Plan(w io.Writer, p *plan.Plan, statuses []plan.UnitStatus, e plan.Estimate, o PlanOptions, s Style) error {
	out := bufio.NewWriter(w)
	for _, line := range hang(p.Pipeline.Name+": ", p.Pipeline.Description, s.width()) {
		fmt.Fprintln(out, strings.TrimRight(line, ": "))
	}
	counts := countStatuses(statuses)
	for _, line := range wrap(planTotals(statuses, counts, e), s.width()) {
		fmt.Fprintln(out, line)
	}
	if o.Units {
		writePlanRows(out, planRow{status: "status", each: "takes", why: "unit"}, unitRows(statuses, o.Now), s)
	} else {
		header := planRow{name: "stage", status: "status", units: "units", each: "each", why: "why"}
		writePlanRows(out, header, stageRows(statuses, o.Now), s)
	}
	writeRemarks(out, counts, s)
	return out.Flush()
}

func countStatuses(statuses []plan.UnitStatus) map[plan.Status]int {
	counts := map[plan.Status]int{}
	for _, u := range statuses {
		counts[u.Status]++
	}
	return counts
}

// planTotals sums up: 18 units: 10 cached, 6 run, 2 maybe; about 12 min.
func planTotals(statuses []plan.UnitStatus, counts map[plan.Status]int, e plan.Estimate) string {
	var parts []string
	outstanding := 0
	for _, status := range plan.StatusList {
		if n := counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, statusName(status)))
			if status.Runs() {
				outstanding += n
			}
		}
	}
	text := plural(len(statuses), "unit")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	switch {
	case outstanding == 0:
		return text
	case e.Unrecorded == outstanding:
		return text + "; the time is unknown, since nothing like this ran before"
	}
	text += "; about " + atLeastASecond(e.Seconds)
	switch least := atLeastASecond(e.Least); {
	case e.Least == 0:
		text += " (none if no maybe runs)"
	case least != atLeastASecond(e.Seconds):
		text += fmt.Sprintf(" (%s if no maybe runs)", least)
	}
	if e.Unrecorded > 0 {
		text += ", " + plural(e.Unrecorded, "unit") + " without record"
	}
	return text
}

func statusName(s plan.Status) string { return strings.ReplaceAll(string(s), "_", " ") }

func atLeastASecond(seconds float64) string { return roughly(max(1, seconds)) }

// roughly writes seconds in the unit that suits them, without digits that mean
// nothing.
func roughly(seconds float64) string {
	minutes := int(seconds/60 + 0.5)
	switch {
	case seconds < 1:
		return "<1 s"
	case seconds < 99.5:
		return fmt.Sprintf("%.0f s", seconds)
	case minutes < 100:
		return fmt.Sprintf("%d min", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	}
	return fmt.Sprintf("%d days", (minutes+12*60)/(24*60))
}

// writeRemarks explains the words that do not explain themselves.
func writeRemarks(w io.Writer, counts map[plan.Status]int, s Style) {
	gap := "\n"
	for _, remark := range []struct {
		status plan.Status
		text   string
	}{
		{plan.StatusMaybe, "does not run where what it reads comes out as before."},
		{plan.StatusLeftOut, "not stored with these settings, and this run does not change that."},
	} {
		if counts[remark.status] == 0 {
			continue
		}
		for _, line := range hang(gap+statusName(remark.status)+": ", remark.text, s.width()) {
			fmt.Fprintln(w, line)
		}
		gap = ""
	}
}

// coordinates sums up where units of a stage lie: "labels 10, 50; seed 0-5". It is
// empty where they are not all that such words stand for.
func coordinates(units []*plan.Unit) string {
	values := map[string][]int{}
	seen := map[string]map[int]bool{}
	for _, u := range units {
		for name, v := range u.Coord {
			if seen[name] == nil {
				seen[name] = map[int]bool{}
			}
			if !seen[name][v] {
				seen[name][v] = true
				values[name] = append(values[name], v)
			}
		}
	}
	var parts []string
	all := 1
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, name+" "+ranges(values[name]))
		all *= len(values[name])
	}
	if all != len(units) {
		return ""
	}
	return strings.Join(parts, "; ")
}

// ranges writes numbers in order, three or more in a row as first-last.
func ranges(numbers []int) string {
	numbers = slices.Sorted(slices.Values(numbers))
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if j-i < 2 {
			parts = append(parts, strconv.Itoa(numbers[i]))
			i++
			continue
		}
		parts = append(parts, fmt.Sprintf("%d-%d", numbers[i], numbers[j]))
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
