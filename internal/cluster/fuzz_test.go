package cluster

import (
	"slices"
	"testing"
)

// Whatever TF_CONFIG holds, it is a cluster that all its members see alike, or an error.
func FuzzParse(f *testing.F) {
	f.Add(`{"cluster": {"worker": ["a:1", "[::1]:2"]}, "task": {"type": "worker", "index": 1}}`)
	f.Add(`{"cluster": {"worker": {"1": "b:2", "0": "a:1"}, "chief": ["c:3"]}, "task": {"type": "chief", "index": 0}}`)
	f.Add(`{"cluster": {"worker": null}, "task": {"index": -1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		for i := range c.Members {
			again, err := Parse(c.Config(i))
			if err != nil || again.Self != i || !slices.Equal(again.Members, c.Members) {
				t.Errorf("member %d of %v sees %v, %v", i, c, again, err)
			}
		}
	})
}

// Whatever Slurm's variables hold, they are as many members as they say, or an error;
// and what brackets can stand for is bounded.
func FuzzSlurm(f *testing.F) {
	f.Add("n[1-3,7],gpu-[01-02]", "2", "6", "1(x6)")
	f.Add("a[0-65535][0-65535]", "0", "1", "")
	f.Add("a[00000000000000000001-2]b[", "-1", "x", "2(x99999),1")
	f.Add("a", "0", "999999999999", "")
	f.Fuzz(func(t *testing.T, nodes, self, total, each string) {
		values := map[string]string{"SLURM_JOB_NODELIST": nodes, "SLURM_PROCID": self, "SLURM_NTASKS": total, "SLURM_TASKS_PER_NODE": each}
		c, err := FromSlurm(func(name string) (string, bool) { value, ok := values[name]; return value, ok }, 2222)
		if err != nil {
			return
		}
		if c.Self < 0 || c.Self >= len(c.Members) {
			t.Errorf("member %d of %d", c.Self, len(c.Members))
		}
		if again, err := Parse(c.Config(c.Self)); err != nil || !slices.Equal(again.Members, c.Members) {
			t.Errorf("as TF_CONFIG they are %v, %v", again, err)
		}
	})
}
