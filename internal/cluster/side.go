package cluster

import (
	"context"
	"net"
	"slices"
	"syscall"
)

// Members that run whole units side by side have no server: their addresses are names.

// OneMachine tells whether all members are on this machine, at addresses that no other
// reaches. They can share a folder.
func (c *Cluster) OneMachine() bool {
	return !slices.ContainsFunc(c.Members, func(m Member) bool {
		host, _, err := net.SplitHostPort(m.Address)
		ip := net.ParseIP(host)
		return err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback())
	})
}

// Interrupt asks the process to save what it is at and to end.
func (p *Process) Interrupt() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
}

// Finish waits for the process to end by itself. The error is why it failed, if it did,
// or that ctx ended first.
func (p *Process) Finish(ctx context.Context) error {
	select {
	case <-p.done:
		if p.err == nil {
			return nil
		}
		return p.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
