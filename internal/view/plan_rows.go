package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sslpipe/internal/plan"
)

// maxGroups is how many lines a stage gets; what is left of it is counted.
const maxGroups = 4

// planRow is a line of a plan. Texts are empty where there is nothing to say.
type planRow struct {
	name, status, units, each, why string
	strong                         bool
}

// unitRows makes a line of each unit.
func unitRows(statuses []plan.UnitStatus, now time.Time) []planRow {
	wording := plan.Wording{Units: true, Now: now}
	rows := make([]planRow, len(statuses))
	for i, u := range statuses {
		rows[i] = planRow{status: statusName(u.Status), why: u.Unit.Address, strong: u.Status.Runs()}
		if why := wording.Sentence(u.Reasons); why != "" {
			rows[i].why += ": " + why
		}
		if u.Recorded {
			rows[i].each = roughly(u.Seconds)
		}
	}
	return rows
}

// planGroup are units of one stage with the same status and reasons.
type planGroup struct {
	status  plan.Status
	why     string
	units   []*plan.Unit
	seconds float64 // of those that have a record
	records int
}

// stageRows makes the lines of each stage, in the order of the plan.
func stageRows(statuses []plan.UnitStatus, now time.Time) []planRow {
	var order []*plan.Stage
	groups := map[*plan.Stage][]*planGroup{}
	type key struct {
		stage *plan.Stage
		why   string
	}
	known := map[key]*planGroup{}
	wording := plan.Wording{Now: now}
	for _, u := range statuses {
		stage, why := u.Unit.Stage, wording.Sentence(u.Reasons)
		k := key{stage, string(u.Status) + why}
		g := known[k]
		if g == nil {
			if groups[stage] == nil {
				order = append(order, stage)
			}
			g = &planGroup{status: u.Status, why: why}
			known[k] = g
			groups[stage] = append(groups[stage], g)
		}
		g.add(u)
	}
	var rows []planRow
	for _, stage := range order {
		rows = append(rows, groupRows(stage, groups[stage])...)
	}
	return rows
}

func (g *planGroup) add(u plan.UnitStatus) {
	g.units = append(g.units, u.Unit)
	if u.Recorded {
		g.seconds += u.Seconds
		g.records++
	}
}

// groupRows makes the lines of one stage. Where there are several they say which
// units they are about.
func groupRows(stage *plan.Stage, groups []*planGroup) []planRow {
	rest := 0
	others := groups
	if len(groups) > maxGroups {
		groups, others = groups[:maxGroups-1], groups[maxGroups-1:]
		for _, g := range others {
			rest += len(g.units)
		}
	}
	var rows []planRow
	for i, g := range groups {
		row := planRow{status: statusName(g.status), units: strconv.Itoa(len(g.units)), why: g.why, strong: g.status.Runs()}
		if i == 0 {
			row.name = stage.Address
		}
		if place := coordinates(g.units); place != "" && len(g.units) < len(stage.Units) {
			row.why = strings.TrimSpace(row.why + " (" + place + ")")
		}
		if g.records > 0 {
			row.each = roughly(g.seconds / float64(g.records))
		}
		rows = append(rows, row)
	}
	if rest > 0 {
		rows = append(rows, planRow{units: strconv.Itoa(rest), why: fmt.Sprintf("… and %d more, for %s", rest, plural(len(others), "other reason"))})
	}
	return rows
}
