package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// FromSlurm is the cluster of a job step of Slurm's (srun), by its variables
// SLURM_PROCID, SLURM_NTASKS, SLURM_STEP_NODELIST (or SLURM_JOB_NODELIST) and
// SLURM_STEP_TASKS_PER_NODE (or SLURM_TASKS_PER_NODE). Task i of a node listens on
// port+i; the first task of the step is worker 0, which leads.
func FromSlurm(lookup func(string) (string, bool), port int) (*Cluster, error) {
	first := func(names ...string) string {
		for _, name := range names {
			if value, ok := lookup(name); ok && value != "" {
				return value
			}
		}
		return ""
	}
	nodes, err := nodeList(first("SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"))
	if err != nil {
		return nil, err
	}
	self, err1 := strconv.Atoi(first("SLURM_PROCID"))
	total, err2 := strconv.Atoi(first("SLURM_NTASKS", "SLURM_STEP_NUM_TASKS"))
	if len(nodes) == 0 || err1 != nil || err2 != nil {
		return nil, errors.New("SLURM_JOB_NODELIST, SLURM_PROCID and SLURM_NTASKS are not all set: run this by srun, in a job of Slurm's")
	}
	if total > most {
		return nil, fmt.Errorf("%d tasks are more than %d", total, most)
	}
	each, err := tasksPerNode(first("SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"), len(nodes), total)
	if err != nil {
		return nil, err
	}
	members := 0
	for _, tasks := range each {
		members += tasks
	}
	// Before there are so many of them.
	if members != total || self < 0 || self >= total {
		return nil, fmt.Errorf("task %d of %d does not fit %d tasks on %d nodes", self, total, members, len(nodes))
	}
	c := &Cluster{Self: self}
	for n, node := range nodes {
		for i := range each[n] {
			c.Members = append(c.Members, Member{Type: worker, Index: len(c.Members), Address: fmt.Sprintf("%s:%d", node, port+i)})
		}
	}
	return c, c.check()
}

// most bounds nodes, what a list of them can expand to, and tasks; digits the length of its numbers.
const (
	most   = 65536
	digits = 10
)

// bracket is the first group of numbers of a host list.
var bracket = regexp.MustCompile(`^([^\[\]]*)\[([0-9,-]+)\](.*)$`)

// nodeList expands Slurm's "n[1-3,7],gpu-[01-02]".
func nodeList(text string) ([]string, error) {
	var nodes []string
	for _, part := range outside(text) {
		expanded, err := expand(part)
		if err != nil {
			return nil, fmt.Errorf("list of nodes %q: %w", text, err)
		}
		nodes = append(nodes, expanded...)
	}
	return nodes, nil
}

// outside cuts at commas that are not in brackets.
func outside(text string) []string {
	var parts []string
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == ',' && depth == 0:
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	if from < len(text) {
		parts = append(parts, text[from:])
	}
	return parts
}

func expand(part string) ([]string, error) {
	m := bracket.FindStringSubmatch(part)
	if m == nil {
		if strings.ContainsAny(part, "[]") || part == "" {
			return nil, fmt.Errorf("%q is no name, and no name with ranges in brackets", part)
		}
		return []string{part}, nil
	}
	rest, err := expand("x" + m[3]) // a name needs something
	if err != nil {
		return nil, err
	}
	var nodes []string
	for span := range strings.SplitSeq(m[2], ",") {
		low, high, isRange := strings.Cut(span, "-")
		if !isRange {
			high = low
		}
		a, err1 := strconv.Atoi(low)
		b, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || b < a || b-a >= most || len(low) > digits {
			return nil, fmt.Errorf("%q is no range", span)
		}
		if len(nodes)+(b-a+1)*len(rest) > most {
			return nil, fmt.Errorf("it has more than %d nodes", most)
		}
		for n := a; n <= b; n++ {
			for _, r := range rest {
				nodes = append(nodes, fmt.Sprintf("%s%0*d%s", m[1], len(low), n, r[1:]))
			}
		}
	}
	return nodes, nil
}

// group is "2" or "2(x3)".
var group = regexp.MustCompile(`^(\d{1,5})(?:\(x(\d{1,5})\))?$`)

// tasksPerNode expands Slurm's "2(x3),1"; without it, tasks are spread evenly.
func tasksPerNode(text string, nodes, total int) ([]int, error) {
	var each []int
	if text == "" {
		for i := range nodes {
			each = append(each, (total+nodes-1-i)/nodes)
		}
		return each, nil
	}
	of := 0
	for part := range strings.SplitSeq(text, ",") {
		m := group.FindStringSubmatch(part)
		if m == nil {
			return nil, fmt.Errorf("tasks of nodes %q: %q is neither a number nor as 2(x3)", text, part)
		}
		count, _ := strconv.Atoi(m[1])
		times := 1
		if m[2] != "" {
			times, _ = strconv.Atoi(m[2])
		}
		if of += times; of > nodes {
			continue // it is counted, for the mistake, and takes no memory
		}
		for range times {
			each = append(each, count)
		}
	}
	if of != nodes {
		return nil, fmt.Errorf("tasks of nodes %q are of %d nodes, and there are %d", text, of, nodes)
	}
	return each, nil
}
