package plan

import (
	"time"

	"sslpipe/internal/hclspec"
)

// The ways in which several workers share the work of a run.
const (
	ParallelBatch = "batch" // they train each unit together, each on a part of each batch
	ParallelUnits = "units" // each runs whole units, as one machine would
)

// Cluster is how several workers share the work of a run. It is no part of the
// experiment.
type Cluster struct {
	Parallel string // ParallelBatch or ParallelUnits
	// Lease is how long a worker that runs whole units may be silent before others take
	// its unit over.
	Lease time.Duration
}

// SideBySide tells whether each worker runs whole units.
func (c Cluster) SideBySide() bool { return c.Parallel == ParallelUnits }

// clusterConfig is the cluster block.
type clusterConfig struct {
	Parallel string `hcl:"parallel,optional" enum:"batch,units" doc:"What workers do at once: batch (they train each unit together, each on a part of each batch) or units (each runs whole units, those that no other is at; they pass results to each other through the store, and these are bit for bit those of one machine)."`
	Lease    int    `hcl:"lease,optional" min:"1" max:"3600" doc:"With units: how many seconds a worker may be silent before another one takes its unit over. A worker shows three times in this time that it lives."`
}

// defaultLease is in seconds.
const defaultLease = 30

func newClusterConfig() *clusterConfig {
	return &clusterConfig{Parallel: ParallelBatch, Lease: defaultLease}
}

// decodeCluster reads how workers share the work. Where each runs whole units, their
// number means nothing to the plan.
func (p *planner) decodeCluster() {
	block := p.root.spec.Cluster
	config := newClusterConfig()
	d := newDecoder(p, nil, block.Range, nil)
	d.sets = nil // those of the pipeline block
	if !d.body([]layer{{body: block.Body, env: p.root.bare()}}, config, "cluster", "", block.Range) {
		return
	}
	for _, name := range []string{"parallel", "lease"} {
		if d.secret[name] {
			p.report(hclspec.Errorf(d.ranges[name], "Invalid value", "%s can be seen in what a run does, so it cannot be made of a sensitive variable.", name))
		}
	}
	p.cluster = Cluster{Parallel: config.Parallel, Lease: time.Duration(config.Lease) * time.Second}
	if p.cluster.SideBySide() {
		p.options.Workers, p.record.options.Workers = 0, 0
	}
}
