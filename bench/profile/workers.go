package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"sslpipe/internal/cluster"
	"sslpipe/internal/tf"
)

// together starts the others of n workers on this machine, and the server of this
// process, which is their chief.
func together(n, threads int) (*tf.Server, []*cluster.Process, error) {
	team, err := cluster.Local(n)
	if err != nil {
		return nil, nil, err
	}
	var others []*cluster.Process
	for i := 1; i < n; i++ {
		p, err := team.Start(i, os.Args)
		if err != nil {
			return nil, others, err
		}
		others = append(others, p)
	}
	server, err := serve(team, threads)
	if err != nil {
		return nil, others, err
	}
	for _, m := range team.Members[1:] {
		if err := cluster.Await(context.Background(), m); err != nil {
			return nil, others, err
		}
	}
	return server, others, nil
}

// help works for the chief that has started this process.
func help(config string, threads int) error {
	team, err := cluster.Parse(config)
	if err != nil {
		return err
	}
	server, err := serve(team, threads)
	if err != nil {
		return err
	}
	for !server.Dismissed() {
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

func serve(team *cluster.Cluster, threads int) (*tf.Server, error) {
	listen, err := team.Listen(context.Background())
	if err != nil {
		return nil, err
	}
	return tf.Serve(tf.Cluster{Addresses: team.Addresses(), Listen: listen, Threads: threads}, team.Self, "")
}

// exchange is what a worker sends to others in a step, and receives from them as well.
type exchange struct {
	collectives int
	bytes       int64
}

// exchanged counts by shapes: a sum goes around the ring of n workers twice, in n parts,
// and gathered rows once.
func exchanged(moved []tf.OpTraffic, n int) exchange {
	var e exchange
	for _, m := range moved {
		switch m.Type {
		case "CollectiveReduce":
			e.bytes += m.Read * 2 * int64(n-1) / int64(n)
		case "CollectiveGather":
			e.bytes += m.Read * int64(n-1)
		default:
			continue
		}
		e.collectives++
	}
	return e
}

func (e exchange) print(out io.Writer, p profile) {
	step := p.traced.Seconds()
	fmt.Fprintf(out, "%d collectives, in which a worker sends and receives %.1f MB each\n", e.collectives, float64(e.bytes)/1e6)
	fmt.Fprintf(out, "of a traced step on the chief, one was under way for %.1f ms (%.0f %%), and nothing else for %.1f ms (%.0f %%)\n",
		ms(p.meeting), 100*p.meeting.Seconds()/step, ms(p.waiting), 100*p.waiting.Seconds()/step)
}

// span is a piece of time.
type span struct{ from, to time.Duration }

// meetings are how long collectives were under way, and how long nothing else was.
func meetings(ops []tf.OpTime) (meeting, waiting time.Duration) {
	var together, all, others []span
	for _, op := range ops {
		s := span{op.Began, op.Began + op.Time}
		all = append(all, s)
		if strings.HasPrefix(op.Type, "Collective") {
			together = append(together, s)
		} else {
			others = append(others, s)
		}
	}
	return covered(together), covered(all) - covered(others)
}

// covered is the length of the union of spans.
func covered(spans []span) time.Duration {
	slices.SortFunc(spans, func(a, b span) int { return int(a.from - b.from) })
	var sum, end time.Duration
	for _, s := range spans {
		if s.to > end {
			sum += s.to - max(s.from, end)
			end = s.to
		}
	}
	return sum
}
