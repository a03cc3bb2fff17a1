// Package cluster says who trains together: it reads TF_CONFIG, as TensorFlow's
// MultiWorkerMirroredStrategy, Kubernetes' training operator and wrappers for Slurm
// set it, makes it from Slurm's own variables, compares what the processes say of
// themselves, watches whether the others are there, and starts workers on this machine
// for trying it out.
//
// It refuses to compute and to know what is trained; it imports nothing of ours. Another scheduler is a function beside FromSlurm.
package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Variable is the environment variable that says who trains together.
const Variable = "TF_CONFIG"

// Member is one process of a cluster.
type Member struct {
	Type    string // chief or worker
	Index   int
	Address string // host:port
}

// String names a member for people: "worker 1 (node7:2222)".
func (m Member) String() string { return fmt.Sprintf("%s %d (%s)", m.Type, m.Index, m.Address) }

// Cluster is the processes that train together, as one of them sees it.
type Cluster struct {
	Members []Member // the chief first
	Self    int      // among Members
}

// config is TF_CONFIG.
type config struct {
	Cluster map[string]addresses `json:"cluster"`
	Task    *task                `json:"task"`
}

type task struct {
	Type  string `json:"type"`
	Index int    `json:"index"`
}

// addresses are a list, or an object by number.
type addresses []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *addresses) UnmarshalJSON(text []byte) error {
	var list []string
	if json.Unmarshal(text, &list) == nil {
		*a = list
		return nil
	}
	var byNumber map[string]string
	if err := json.Unmarshal(text, &byNumber); err != nil {
		return errors.New("a job is a list of addresses")
	}
	for i := range len(byNumber) {
		address, ok := byNumber[strconv.Itoa(i)]
		if !ok {
			return fmt.Errorf("a job of %d tasks has no task %d", len(byNumber), i)
		}
		*a = append(*a, address)
	}
	return nil
}

// The jobs of a cluster.
const (
	chief  = "chief"
	worker = "worker"
)

// Parse reads a value of TF_CONFIG. Without the job chief, worker 0 is the chief.
func Parse(text string) (*Cluster, error) {
	c, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Variable, err)
	}
	return c, nil
}

func parse(text string) (*Cluster, error) {
	var from config
	if err := json.Unmarshal([]byte(text), &from); err != nil {
		return nil, fmt.Errorf("it is not the JSON that it has to be: %w", err)
	}
	for job := range from.Cluster {
		if job != chief && job != worker {
			return nil, fmt.Errorf("the cluster has the job %q; the jobs are worker, and chief for a worker that leads", job)
		}
	}
	if len(from.Cluster[chief]) > 1 {
		return nil, fmt.Errorf("the cluster has %d chiefs; it has one, or none, and then worker 0 leads", len(from.Cluster[chief]))
	}
	c := &Cluster{Self: -1}
	for _, job := range []string{chief, worker} {
		for i, address := range from.Cluster[job] {
			c.Members = append(c.Members, Member{Type: job, Index: i, Address: address})
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if from.Task == nil {
		return nil, errors.New(`there is no task, as "task": {"type": "worker", "index": 0}, which says who this process is`)
	}
	c.Self = slices.IndexFunc(c.Members, func(m Member) bool { return m.Type == from.Task.Type && m.Index == from.Task.Index })
	if c.Self < 0 {
		return nil, fmt.Errorf("this task is %s %d, which is not in the cluster", from.Task.Type, from.Task.Index)
	}
	return c, nil
}

// check looks at the addresses.
func (c *Cluster) check() error {
	if len(c.Members) == 0 {
		return errors.New(`there is no cluster, as "cluster": {"worker": ["host1:2222", "host2:2222"]}`)
	}
	seen := map[string]Member{}
	for _, m := range c.Members {
		host, port, err := net.SplitHostPort(m.Address)
		if err != nil || host == "" {
			return fmt.Errorf("the address of %s %d is %q, not host:port", m.Type, m.Index, m.Address)
		}
		if strings.ContainsFunc(host, func(r rune) bool { return r == utf8.RuneError || r == ' ' || !unicode.IsGraphic(r) }) {
			return fmt.Errorf("the address of %s %d is %q, in which there is no name of a host", m.Type, m.Index, m.Address)
		}
		if a, err := netip.ParseAddr(host); err == nil && (a.Zone() != "" || a.IsUnspecified()) {
			return fmt.Errorf("the address of %s does not mean the same on every machine", m)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("the port of %s is not a number from 1 to 65535", m)
		}
		if other, ok := seen[m.Address]; ok {
			return fmt.Errorf("%s and %s have the same address", other, m)
		}
		seen[m.Address] = m
	}
	return nil
}

// Chief tells whether this process leads: it plans, feeds, and keeps the results.
func (c *Cluster) Chief() bool { return c.Self == 0 }

// Addresses are those of all members, the chief's first.
func (c *Cluster) Addresses() []string {
	list := make([]string, len(c.Members))
	for i, m := range c.Members {
		list[i] = m.Address
	}
	return list
}

// Config is the value of TF_CONFIG for member i.
func (c *Cluster) Config(i int) string {
	out := config{Cluster: map[string]addresses{}, Task: &task{Type: c.Members[i].Type, Index: c.Members[i].Index}}
	for _, m := range c.Members {
		out.Cluster[m.Type] = append(out.Cluster[m.Type], m.Address)
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // strings and numbers can be encoded
	}
	return string(text)
}

// Local is a cluster of n processes of this machine, on ports of 127.0.0.1 that are
// free now, as its chief sees it.
func Local(n int) (*Cluster, error) {
	c := &Cluster{}
	for i := range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = l.Close() }() // all are held until all are found
		c.Members = append(c.Members, Member{Type: worker, Index: i, Address: l.Addr().String()})
	}
	return c, nil
}
