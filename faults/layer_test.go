package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// asVictim makes the test binary carry out the steps that follow: a program whose
// system calls are known.
const asVictim = "victim"

func victim(steps []string) int {
	for _, step := range steps {
		if err := carryOut(strings.Fields(step)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return 0
}

func carryOut(words []string) error {
	switch words[0] {
	case "write":
		return os.WriteFile(words[1], []byte(words[2]), 0o644)
	case "mkdir":
		return os.Mkdir(words[1], 0o755)
	case "rename":
		return os.Rename(words[1], words[2])
	case "remove":
		return os.Remove(words[1])
	case "sync":
		f, err := os.Open(words[1])
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	case "listen":
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends at once
		if err != nil {
			return err
		}
		return l.Close()
	}
	return fmt.Errorf("there is no step %q", words[0])
}

// victimProject is a folder whose program is the test binary.
func victimProject(t *testing.T) *Project {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &Project{Dir: filepath.Join(dir, "project"), lab: &Lab{LabOptions: LabOptions{Program: self}}}
	if err := errors.Join(os.Mkdir(p.Dir, 0o777), os.Mkdir(p.Dir+".trash", 0o777)); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLayerSeesWhatChangesFiles(t *testing.T) {
	p := victimProject(t)
	var seen []string
	layer := &Layer{only: fileCalls}
	layer.Decide = func(c *Call) Verdict {
		seen = append(seen, layer.class(c))
		return Verdict{}
	}
	o, err := layer.Run(t.Context(), p, asVictim, "mkdir d7", "write d7/a hello", "sync d7/a", "rename d7/a d7/b12", "remove d7/b12")
	if err != nil || o.Code != 0 {
		t.Fatal(err, o)
	}
	want := []string{"mkdir d*", "open d*/a", "write d*/a", "fsync d*/a", "rename d*/a to d*/b*", "unlink d*/b*"}
	if !slices.Equal(seen, want) {
		t.Errorf("seen %q, want %q", seen, want)
	}
}

func TestLayerRefusesAndKills(t *testing.T) {
	for _, c := range []struct {
		verdict Verdict
		code    int
		says    string
	}{
		{Verdict{}, 0, ""},
		{Verdict{Errno: unix.ENOSPC}, 1, "write b: no space left on device"},
		{Verdict{Kill: true}, -1, ""},
	} {
		p := victimProject(t)
		layer := &Layer{only: fileCalls}
		layer.Decide = layer.at(point{"write b", 0}, c.verdict)
		o, err := layer.Run(t.Context(), p, asVictim, "write a hello", "write b hello")
		if err != nil || o.Code != c.code || strings.TrimSpace(o.Stderr) != c.says {
			t.Errorf("%+v: %v, %+v", c.verdict, err, o)
		}
		size := int64(0)
		if c.code == 0 {
			size = 5
		}
		info, err := os.Stat(filepath.Join(p.Dir, "b"))
		if err != nil || info.Size() != size {
			t.Errorf("%+v: b is %v, %v", c.verdict, info, err)
		}
		if !layer.reached {
			t.Errorf("%+v: the point was not reached", c.verdict)
		}
	}
}

// The network scenario would see a listener.
func TestLayerSeesTheNetwork(t *testing.T) {
	var seen []string
	layer := &Layer{only: networkCalls}
	layer.Decide = func(c *Call) Verdict {
		if c.Op == "listen" || c.family == unix.AF_INET {
			seen = append(seen, c.Op)
		}
		return Verdict{}
	}
	o, err := layer.Run(t.Context(), victimProject(t), asVictim, "listen")
	if err != nil || o.Code != 0 {
		t.Fatal(err, o)
	}
	if !slices.Contains(seen, "socket") || !slices.Contains(seen, "listen") {
		t.Errorf("seen %v", seen)
	}
}

// What a power cut takes is what was not synced, and nothing else.
func TestPowerCut(t *testing.T) {
	for _, c := range []struct{ cut, steps, left string }{
		{"empty", "write a hello", "a="},
		{"half", "write a hello", "a=he"},
		{"zeros", "write a hello", "a=\x00\x00\x00\x00\x00"},
		{"empty", "write a hello; sync a", "a=hello"},
		{"empty", "write a hello; rename a b; sync b", "b=hello"},
		{"empty", "write a hello; sync a; write a again", "a="},
		{"undone", "write a hello; sync a", ""},
		{"undone", "write a hello; sync a; sync .", "a=hello"},
		{"undone", "write a hello; sync .; rename a b", "a=hello"},
		{"undone", "write a hello; sync .; rename a b; sync .", "b=hello"},
		{"undone", "write a hello; sync .; remove a", "a=hello"},
		{"undone", "write a hello; write b world; sync .; rename a b", "a=hello b=world"},
		{"undone", "mkdir d; sync .; write d/a hello; rename d e", ""},
		{"undone", "mkdir d; sync .; write d/a hello; rename d e; sync .", ""},
		{"undone", "mkdir d; write d/a hello; sync d; sync .; rename d e", "d/a=hello"},
		{"undone", "mkdir d; write d/a hello; sync d; rename d e; sync .", "e/a=hello"},
	} {
		p := victimProject(t)
		if got := cutAfter(t, p, c.cut, c.steps); got != c.left {
			t.Errorf("%s after %q: left %q, want %q", c.cut, c.steps, got, c.left)
		}
	}
}

// cutAfter carries out steps, cuts the power and returns what files there are then.
func cutAfter(t *testing.T, p *Project, name, steps string) string {
	t.Helper()
	j := &journal{trash: p.Dir + ".trash", unsynced: map[inode]bool{}}
	layer := &Layer{only: fileCalls, Decide: func(c *Call) Verdict {
		j.note(c)
		return Verdict{}
	}}
	o, err := layer.Run(t.Context(), p, append([]string{asVictim}, strings.Split(steps, "; ")...)...)
	if err != nil || o.Code != 0 {
		t.Fatal(err, o)
	}
	how := cuts[slices.IndexFunc(cuts, func(c cut) bool { return c.name == name })]
	if err := j.cut(p.Dir, how); err != nil {
		t.Fatal(err)
	}
	var left []string
	err = filepath.WalkDir(p.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		left = append(left, strings.TrimPrefix(path, p.Dir+"/")+"="+string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(left, " ")
}
