package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// groupVariable tells a reading process which control group to join.
const groupVariable = "SSLPIPE_BENCH_GROUP"

// newGroup makes a control group below that of this process, of version 1 or 2.
func newGroup(mebibytes int) (folder string, err error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	limit := strconv.Itoa(mebibytes << 20)
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		parent, file := "", ""
		switch parts[1] {
		case "memory":
			parent, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		case "":
			parent, file = "/sys/fs/cgroup", "memory.max"
		}
		if _, err := os.Stat(filepath.Join(parent, parts[2], file)); parent == "" || err != nil {
			continue
		}
		folder = filepath.Join(parent, parts[2], fmt.Sprint("sslpipe-streaming-", os.Getpid()))
		if err := os.Mkdir(folder, 0o755); err != nil {
			return "", err
		}
		err := os.WriteFile(filepath.Join(folder, file), []byte(limit), 0o644)
		if err != nil {
			err = errors.Join(err, os.Remove(folder))
		}
		return folder, err
	}
	return "", errors.New("this process is in none that bounds memory")
}

// joinGroup puts this process into the group that it was told of.
func joinGroup() error {
	group := os.Getenv(groupVariable)
	if group == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0o644)
}
