package main

import (
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// memoryShare is how much of the free memory units may need together: their
// estimates are rough, and others use the machine too.
const memoryShare = 0.8

// memoryUnits are the units of --memory, the longer names first.
var memoryUnits = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// parseMemory reads --memory, in bytes. Nothing given is a share of what is free.
func parseMemory(text string) (int64, error) {
	if text == "" {
		return int64(memoryShare * float64(freeMemory())), nil
	}
	for _, unit := range memoryUnits {
		number, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if bytes := n * unit.bytes; err == nil && bytes >= 1 && bytes < 1<<62 {
			return int64(bytes), nil
		}
		break
	}
	return 0, fmt.Errorf("memory is a number with a unit, such as 8GiB or 800MB, not %q", text)
}

// freeMemory is what this process may still take, in bytes: of the machine, and of
// every control group that bounds it. It is 0, which is no bound, where the system
// does not tell.
func freeMemory() int64 {
	free := int64(math.MaxInt64)
	kilobytes, err := strconv.ParseInt(strings.TrimSuffix(procField("/proc/meminfo", "MemAvailable"), " kB"), 10, 64)
	if err == nil {
		free = kilobytes << 10
	}
	groups, _ := os.ReadFile("/proc/self/cgroup")
	free = min(free, groupsMemory("/sys/fs/cgroup", string(groups)))
	if free == math.MaxInt64 {
		return 0
	}
	return free
}

// groupsMemory is what the control groups of version 2, mounted at root, leave
// free. Groups is /proc/self/cgroup. In a container, root is often its own group.
func groupsMemory(root, groups string) int64 {
	free := int64(math.MaxInt64)
	for line := range strings.Lines(groups) {
		group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		for group = path.Clean("/" + group); ; group = path.Dir(group) {
			free = min(free, groupMemory(filepath.Join(root, group)))
			if group == "/" {
				break
			}
		}
	}
	return free
}

// groupMemory is what one group leaves free. Pages of files that were read once
// count as used, and are given up for whoever needs memory.
func groupMemory(dir string) int64 {
	limit, err := readNumber(filepath.Join(dir, "memory.max"))
	if err != nil { // no such group, or "max"
		return math.MaxInt64
	}
	used, _ := readNumber(filepath.Join(dir, "memory.current"))
	text, _ := os.ReadFile(filepath.Join(dir, "memory.stat"))
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "inactive_file "); ok {
			cached, _ := strconv.ParseInt(n, 10, 64)
			used -= cached
		}
	}
	return max(limit-max(used, 0), 1) // not 0, which would be no bound
}

func readNumber(file string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}
