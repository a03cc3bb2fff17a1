package cluster

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		text    string
		self    int
		members []string
	}{
		"workers": {
			`{"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}`, 1,
			[]string{"worker 0 (a:1)", "worker 1 (b:2)"},
		},
		"chief": {
			`{"cluster": {"worker": ["a:1"], "chief": ["c:3"]}, "task": {"type": "worker", "index": 0}, "environment": "cloud"}`, 1,
			[]string{"chief 0 (c:3)", "worker 0 (a:1)"},
		},
		"by number": {
			`{"cluster": {"worker": {"1": "b:2", "0": "a:1"}}, "task": {"type": "worker", "index": 0}}`, 0,
			[]string{"worker 0 (a:1)", "worker 1 (b:2)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range c.Members {
				got = append(got, m.String())
			}
			if !slices.Equal(got, test.members) || c.Self != test.self {
				t.Errorf("members %q, self %d", got, c.Self)
			}
			again, err := Parse(c.Config(c.Self))
			if err != nil || again.Self != c.Self || !slices.Equal(again.Members, c.Members) {
				t.Errorf("written and read again, it is %v, %v", again, err)
			}
		})
	}
}

func TestParseMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                                "not the JSON",
		`{}`:                               "there is no cluster",
		`{"cluster": {"worker": ["a:1"]}}`: "there is no task",
		`{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}`:      "worker 1, which is not in the cluster",
		`{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "ps"}}`:       `the job "ps"; the jobs are worker, and chief`,
		`{"cluster": {"chief": ["a:1", "b:1"]}, "task": {"type": "chief"}}`:             "2 chiefs",
		`{"cluster": {"worker": ["a b:1"]}, "task": {"type": "worker"}}`:                `is "a b:1", in which there is no name of a host`,
		`{"cluster": {"worker": ["a"]}, "task": {"type": "worker"}}`:                    `"a", not host:port`,
		`{"cluster": {"worker": ["a:http"]}, "task": {"type": "worker"}}`:               "not a number from 1 to 65535",
		`{"cluster": {"worker": ["0.0.0.0:1"]}, "task": {"type": "worker"}}`:            "does not mean the same on every machine",
		`{"cluster": {"worker": ["[fe80::1%eth0]:1"]}, "task": {"type": "worker"}}`:     "does not mean the same on every machine",
		`{"cluster": {"worker": ["a:1", "a:1"]}, "task": {"type": "worker"}}`:           "the same address",
		`{"cluster": {"worker": {"0": "a:1", "2": "b:1"}}, "task": {"type": "worker"}}`: "no task 1",
		`{"cluster": {"worker": ["a:1"]}, "task": {"type": "evaluator", "index": 0}}`:   "evaluator 0, which is not",
		`{"cluster": {"worker": "a:1"}, "task": {"type": "worker"}}`:                    "a list of addresses",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "TF_CONFIG: ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Variables as Slurm 23.02 sets them for srun on nodes of four clusters.
func TestFromSlurm(t *testing.T) {
	for name, test := range map[string]struct {
		set  map[string]string
		self int
		want string
	}{
		"ranges": {map[string]string{
			"SLURM_JOB_NODELIST": "gpu[08-10,12],login1", "SLURM_PROCID": "4", "SLURM_NTASKS": "5", "SLURM_TASKS_PER_NODE": "1(x5)",
		}, 4, "gpu08:2222 gpu09:2222 gpu10:2222 gpu12:2222 login1:2222"},
		"several a node": {map[string]string{
			"SLURM_JOB_NODELIST": "n[1-2]", "SLURM_PROCID": "1", "SLURM_NTASKS": "3", "SLURM_TASKS_PER_NODE": "2,1",
		}, 1, "n1:2222 n1:2223 n2:2222"},
		"step": {map[string]string{
			"SLURM_JOB_NODELIST": "n[1-4]", "SLURM_STEP_NODELIST": "n[2,4]", "SLURM_PROCID": "0", "SLURM_NTASKS": "2",
			"SLURM_TASKS_PER_NODE": "1(x4)", "SLURM_STEP_TASKS_PER_NODE": "1(x2)",
		}, 0, "n2:2222 n4:2222"},
		"two brackets": {map[string]string{
			"SLURM_JOB_NODELIST": "r[1-2]n[09-10]-ib", "SLURM_PROCID": "3", "SLURM_NTASKS": "4",
		}, 3, "r1n09-ib:2222 r1n10-ib:2222 r2n09-ib:2222 r2n10-ib:2222"},
	} {
		t.Run(name, func(t *testing.T) {
			lookup := func(v string) (string, bool) { x, ok := test.set[v]; return x, ok }
			c, err := FromSlurm(lookup, 2222)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.Addresses(), " "); got != test.want || c.Self != test.self {
				t.Errorf("self %d, %s", c.Self, got)
			}
		})
	}
}

func TestFromSlurmMistakes(t *testing.T) {
	good := map[string]string{"SLURM_JOB_NODELIST": "n[1-2]", "SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_TASKS_PER_NODE": "1(x2)"}
	for change, want := range map[[2]string]string{
		{"SLURM_PROCID", ""}:                                                "run this by srun",
		{"SLURM_PROCID", "2"}:                                               "task 2 of 2 does not fit",
		{"SLURM_JOB_NODELIST", "n[1-"}:                                      "no name",
		{"SLURM_JOB_NODELIST", "n[2-1]"}:                                    "is no range",
		{"SLURM_JOB_NODELIST", "n[0-999999]"}:                               "is no range",
		{"SLURM_JOB_NODELIST", "n[00000000001]"}:                            "is no range",
		{"SLURM_JOB_NODELIST", "n[0-65535][0-65535]"}:                       "it has more than 65536 nodes",
		{"SLURM_TASKS_PER_NODE", "2"}:                                       "are of 1 nodes, and there are 2",
		{"SLURM_TASKS_PER_NODE", strings.Repeat("1(x99999),", 30000) + "1"}: "are of 2999970001 nodes, and there are 2",
		{"SLURM_TASKS_PER_NODE", "99999,99999"}:                             "does not fit 199998 tasks on 2 nodes",
		{"SLURM_NTASKS", "9999999999"}:                                      "9999999999 tasks are more than 65536",
		{"SLURM_TASKS_PER_NODE", "x"}:                                       "neither a number",
		{"SLURM_NTASKS", "3"}:                                               "does not fit 2 tasks",
	} {
		set := maps.Clone(good)
		set[change[0]] = change[1]
		_, err := FromSlurm(func(v string) (string, bool) { x, ok := set[v]; return x, ok }, 2222)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", change, err)
		}
	}
}

func TestWatch(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := Member{Type: worker, Address: l.Addr().String()}
	if err := Await(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := watch(t.Context(), m, time.Millisecond); err == nil || !strings.Contains(err.Error(), "it does not answer") {
		t.Errorf("of a member that is gone: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := watch(ended, m, time.Millisecond); err != nil {
		t.Errorf("once nobody asks: %v", err)
	}
}

func TestListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for name, test := range map[string]struct {
		members []string
		want    string // of the address, or of the error
	}{
		"address":            {[]string{"127.0.0.2:2222", "127.0.0.3:2222"}, "127.0.0.2:2222"},
		"name":               {[]string{"localhost:2222", "127.0.0.1:2223"}, ":2222"},
		"of another machine": {[]string{"192.0.2.1:2222", "192.0.2.2:2222"}, "192.0.2.1 is no address of this machine"},
		"taken":              {[]string{taken.Addr().String(), "127.0.0.3:2222"}, "another process listens at " + taken.Addr().String()},
		"loopback":           {[]string{"localhost:2222", "192.0.2.2:2222"}, "worker 1 (192.0.2.2:2222) could not reach it"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &Cluster{}
			for i, address := range test.members {
				c.Members = append(c.Members, Member{Type: worker, Index: i, Address: address})
			}
			at, err := c.Listen(t.Context())
			got := at.String()
			if err != nil {
				got = err.Error()
			} else if !at.Addr().IsLoopback() {
				t.Errorf("it listens at %s", at)
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("it listens at %v, %v", at, err)
			}
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c := &Cluster{Members: []Member{{Type: worker, Address: "no-such-name.invalid:1"}}}
	if at, err := c.Listen(ended); err == nil {
		t.Errorf("a name without an address listens at %s", at)
	}
}
