package cluster

import "testing"

func TestOneMachine(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:2222": true, "[::1]:2222": true, "localhost:2222": true, "127.9.9.9:1": true,
		"10.0.0.1:2222": false, "node7:2222": false, "localhost.example:2222": false, "[fe80::1]:2222": false, "0.0.0.0:1": false,
	} {
		c := &Cluster{Members: []Member{{Type: worker, Address: "127.0.0.1:1"}, {Type: worker, Index: 1, Address: address}}}
		if got := c.OneMachine(); got != want {
			t.Errorf("with %s: %v", address, got)
		}
	}
}
