package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// Listen is where this process listens: the address of its own entry, which must be one
// of this machine that nobody listens on. A name that cannot be looked up is asked for
// until Start, since orchestrators publish names after they have started processes.
func (c *Cluster) Listen(ctx context.Context) (netip.AddrPort, error) {
	self := c.Members[c.Self]
	addresses, err := lookUp(ctx, self)
	if err != nil {
		return netip.AddrPort{}, err
	}
	// Others cannot reach this machine by its loopback addresses, which Debian's
	// /etc/hosts has for its own name.
	rank := map[bool]int{true: 1}
	slices.SortStableFunc(addresses, func(a, b netip.AddrPort) int {
		return rank[a.Addr().IsLoopback()] - rank[b.Addr().IsLoopback()]
	})
	if addresses[0].Addr().IsLoopback() {
		if err := c.allLoopback(ctx); err != nil {
			return netip.AddrPort{}, err
		}
	}
	var failures []error
	for _, a := range addresses {
		if err = free(a); err == nil {
			return a, nil
		}
		failures = append(failures, err)
	}
	return netip.AddrPort{}, fmt.Errorf("%s, which is this process, cannot listen: %w", self, errors.Join(failures...))
}

// lookUp finds the addresses of a member, at least one.
func lookUp(ctx context.Context, m Member) ([]netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, Start)
	defer cancel()
	host, service, err := net.SplitHostPort(m.Address)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil, err
	}
	for {
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err == nil && len(found) > 0 {
			addresses := make([]netip.AddrPort, len(found))
			for i, a := range found {
				addresses[i] = netip.AddrPortFrom(a.Unmap(), uint16(port))
			}
			return addresses, nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				return nil, fmt.Errorf("the name of %s has no address: %w", m, err)
			}
			return nil, context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// allLoopback reports a member that is elsewhere, and so cannot reach this process at
// a loopback address.
func (c *Cluster) allLoopback(ctx context.Context) error {
	for i, m := range c.Members {
		if i == c.Self {
			continue
		}
		addresses, err := lookUp(ctx, m)
		if err != nil {
			return err
		}
		outside := func(a netip.AddrPort) bool { return !a.Addr().IsLoopback() }
		if slices.ContainsFunc(addresses, outside) {
			return fmt.Errorf("the address of %s, which is this process, means this machine alone, and %s could not reach it: use a name or an address by which all machines find it (does /etc/hosts have the name for 127.0.1.1?)",
				c.Members[c.Self], m)
		}
	}
	return nil
}

// free tells why nothing can listen at an address.
func free(at netip.AddrPort) error {
	l, err := net.Listen("tcp", at.String())
	switch {
	case err == nil:
		return l.Close()
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s is no address of this machine", at.Addr())
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("another process listens at %s", at)
	}
	return err
}
