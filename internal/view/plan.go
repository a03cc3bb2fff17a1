package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sslpipe/internal/plan"
)

// Plan writes what a run would do: totals first, then one line per stage with
// its cached and outstanding units. statuses come from [plan.Statuses].
func Plan(w io.Writer, p *plan.Plan, statuses []plan.UnitStatus, s Style) error {
	cached := map[*plan.Stage]int{}
	total := 0
	for _, u := range statuses {
		if u.Status == plan.StatusCached {
			cached[u.Unit.Stage]++
			total++
		}
	}
	for _, line := range hang(p.Pipeline.Name+": ", p.Pipeline.Description, s.width()) {
		fmt.Fprintln(w, strings.TrimRight(line, ": "))
	}
	fmt.Fprintf(w, "%s in %s: %d cached, %d to run\n\n",
		plural(len(p.Units), "unit"), plural(len(p.Stages), "stage"), total, len(p.Units)-total)
	g := grid{columns: []column{{header: "stage", left: true}, {header: "units"}, {header: "cached"}, {header: "run"}, {header: "for", left: true}}}
	for _, stage := range p.Stages {
		done := cached[stage]
		g.rows = append(g.rows, []entry{
			{text: stage.Address},
			{text: strconv.Itoa(len(stage.Units))},
			{text: strconv.Itoa(done)},
			{text: strconv.Itoa(len(stage.Units) - done)},
			{text: coordinates(stage.Units)},
		})
	}
	return g.writeTerminal(w, s)
}

// coordinates sums up where a stage's units lie: "labels 10, 50; seed 0-5".
func coordinates(units []*plan.Unit) string {
	values := map[string][]int{}
	for _, u := range units {
		for name, v := range u.Coord {
			if !slices.Contains(values[name], v) {
				values[name] = append(values[name], v)
			}
		}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, name+" "+ranges(values[name]))
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
