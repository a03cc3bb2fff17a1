package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

const a64, b64 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

func TestText(t *testing.T) {
	f := &File{Runtime: "tensorflow-2.18.0/cpu/amd64-avx2", Units: []Unit{
		{Address: "pretrain.ssl[rotation,0.35,seed=0]", Fingerprint: "f2", Result: b64},
		{Address: "download.images", Fingerprint: "f1", Result: a64},
		{Address: "pretrain.ssl[jigsaw,0.35,seed=0]", Fingerprint: "f3", Work: "w3", Threads: 2,
			Scores: map[string]float64{"loss": 0.1, "validation accuracy": 2.0 / 3, "least": -1e-300}},
	}}
	want := header + `runtime = "tensorflow-2.18.0/cpu/amd64-avx2"

unit "download.images" {
  fingerprint = "f1"
  result      = "` + a64 + `"
}

unit "pretrain.ssl[jigsaw,0.35,seed=0]" {
  fingerprint = "f3"
  work        = "w3"
  threads     = "2"
  scores = {
    least                 = "-1e-300"
    loss                  = "0.1"
    "validation accuracy" = "0.6666666666666666"
  }
}

unit "pretrain.ssl[rotation,0.35,seed=0]" {
  fingerprint = "f2"
  result      = "` + b64 + `"
}
`
	if diff := cmp.Diff(want, string(f.Bytes())); diff != "" {
		t.Error(diff)
	}
	if f.Units[0].Fingerprint != "f2" {
		t.Error("Bytes changed the file that it was given")
	}
}

func TestAnyAddressComesBack(t *testing.T) {
	f := &File{Runtime: `a "quoted" ${one}`}
	for _, name := range []string{`a["x"]`, `a[${1+1}]`, `a[%{if}]`, "a[line\nbreak]", `a[\n]`, "a[é☃]", "", `$${`, "a[tab\t]"} {
		f.Units = append(f.Units, Unit{Address: name, Fingerprint: "f"})
	}
	f.sort()
	got, err := Parse(f.Bytes(), "x.lock.hcl")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, got); diff != "" {
		t.Error(diff)
	}
}

func TestPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "probes")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for pipeline, want := range map[string]string{
		"pipelines/rotation.hcl": "pipelines/rotation.lock.hcl",
		"rotation.hcl.json":      "rotation.lock.hcl",
		"rotation":               "rotation.lock.hcl",
		dir:                      dir + "/probes.lock.hcl",
		dir + "/":                dir + "/probes.lock.hcl",
	} {
		if got := Path(pipeline); got != want {
			t.Errorf("Path(%s) = %s, want %s", pipeline, got, want)
		}
	}
	t.Chdir(dir)
	if got := Path("."); got != "probes.lock.hcl" {
		t.Errorf("Path(.) = %s", got)
	}
}

func TestMistakes(t *testing.T) {
	unit := func(body string) string { return "runtime = \"r\"\nunit \"a\" {\n" + body + "\n}\n" }
	for name, c := range map[string]struct{ text, want string }{
		"conflict": {"runtime = \"r\"\n<<<<<<< ours\nunit \"a\" {}\n=======\n>>>>>>> theirs\n",
			"x:2: Unresolved merge conflict: Keep the lines of one side, or delete the file, and run sslpipe lock again."},
		"no runtime":     {"", `x:1: Missing required argument: The argument "runtime" is required, but no definition was found.`},
		"no fingerprint": {unit(""), `x:2: Missing required argument: The argument "fingerprint" is required, but no definition was found.`},
		"unknown":        {unit("fingerprint = \"f\"\nresults = \"\""), `x:4: Unsupported argument: An argument named "results" is not expected here. Did you mean "result"?`},
		"number":         {unit("fingerprint = 12"), "x:3: Wrong type of value: fingerprint is a text in quotes."},
		"null":           {unit("fingerprint = null"), "x:3: Wrong type of value: fingerprint is a text in quotes."},
		"path":           {unit(`fingerprint = "../x"`), `x:3: Malformed value: A fingerprint is a name of letters, digits, - and _, not "../x".`},
		"short":          {unit("fingerprint = \"f\"\nresult = \"abc\""), `x:4: Malformed value: A result is a sha256 digest: 64 digits and letters from a to f, not "abc".`},
		"reference":      {unit("fingerprint = var.x"), "x:3: Variables not allowed: Variables may not be used here."},
		"twice":          {unit(`fingerprint = "f"`) + "unit \"a\" {\nfingerprint = \"f\"\n}\n", "x:5: Unit twice: a is also at line 2. Run sslpipe lock to write the file again after one of them is deleted."},
		"a pipeline":     {"pipeline {}\ndownload \"images\" {\n source = \"x\"\n}\n", `x:1: Missing required argument: The argument "runtime" is required, but no definition was found. (and 2 more)`},
		"deep":           {"runtime = " + strings.Repeat("(", 1e6), "x:1: Not a lock file: A lock file has a runtime and units with texts; nothing but scores is nested in them."},
		"arithmetic":     {`runtime = "${1/0%10}"`, "x:1: Not a lock file: Values in a lock file are texts in quotes."},
		"many signs":     {"runtime = " + strings.Repeat("!", 1e6), "x:1: Not a lock file: Values in a lock file are texts in quotes."},
		"large":          {strings.Repeat("#", maxBytes+1), "x:1: File too large: A lock file may have at most 33554432 bytes."},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Parse([]byte(c.text), "x")
			if f != nil || err == nil || err.Error() != c.want {
				t.Errorf("Parse = %v\n%v\nwant\n%s", f, err, c.want)
			}
		})
	}
}

func TestReadSaysWhatIsMissing(t *testing.T) {
	if _, err := Read(filepath.Join(t.TempDir(), "x.lock.hcl")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestWriteLeavesTheSameAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock.hcl")
	f := &File{Runtime: "r", Units: []Unit{{Address: "a", Fingerprint: "f"}}}
	for _, want := range []bool{true, false} {
		if changed, err := f.Write(path); changed != want || err != nil {
			t.Errorf("Write = %v, %v, want %v", changed, err, want)
		}
	}
	got, err := Read(path)
	if err != nil || !cmp.Equal(f, got) {
		t.Errorf("read back: %+v, %v", got, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("in the folder: %v, %v", left, err)
	}
}

// What a killed process left is written over, and removed where nothing is to be
// written; many may write at once.
func TestWriteAfterAKillAndAtOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.lock.hcl")
	leave := func() {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, ".x.lock.hcl.part"), []byte("half of something longer than all of it"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f := &File{Runtime: "r"}
	for range 2 {
		leave()
		if _, err := f.Write(path); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || got.Runtime != "r" {
			t.Errorf("read back: %+v, %v", got, err)
		}
	}
	var group errgroup.Group
	for n := range 8 {
		group.Go(func() error {
			for i := range 20 {
				if _, err := (&File{Runtime: strings.Repeat("r", 1+(n+i)%9)}).Write(path); err != nil {
					return err
				}
				if got, err := Read(path); err != nil || strings.Trim(got.Runtime, "r") != "" || got.Runtime == "" {
					return fmt.Errorf("read back: %+v, %w", got, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("in the folder: %v, %v", left, err)
	}
}

func TestCompare(t *testing.T) {
	old := &File{Runtime: "r1", Units: []Unit{
		{Address: "a.same", Fingerprint: "f1", Result: a64}, {Address: "b.gone", Fingerprint: "f2", Result: ""}, {Address: "c.changed", Fingerprint: "f3", Result: a64}, {Address: "d.stored", Fingerprint: "f4", Result: ""},
		{Address: "e.divergent", Fingerprint: "f5", Result: a64}, {Address: "f.unknown", Fingerprint: "f6", Result: a64}, {Address: "h.changed", Fingerprint: "f10", Result: a64},
		{Address: "i.elsewhere", Fingerprint: "f12", Work: "w12", Result: a64}, {Address: "j.elsewhere", Fingerprint: "f13", Work: "w13", Result: a64},
	}}
	now := &File{Runtime: "r2", Units: []Unit{
		{Address: "a.same", Fingerprint: "f1", Result: a64}, {Address: "c.changed", Fingerprint: "f9", Result: b64}, {Address: "d.stored", Fingerprint: "f4", Result: b64},
		{Address: "e.divergent", Fingerprint: "f5", Result: b64}, {Address: "f.unknown", Fingerprint: "f6", Result: ""}, {Address: "g.new", Fingerprint: "f7", Result: b64}, {Address: "h.changed", Fingerprint: "f11", Result: ""},
		{Address: "i.elsewhere", Fingerprint: "f14", Work: "w12", Result: b64}, {Address: "j.elsewhere", Fingerprint: "f15", Work: "w15", Result: b64},
	}}
	want := []Difference{
		{Runtime, "", "r1", "r2"},
		{Removed, "b.gone", "f2", ""},
		{Fingerprint, "c.changed", "f3", "f9"},
		{Result, "d.stored", "", b64},
		{Divergent, "e.divergent", a64, b64},
		{Added, "g.new", "", "f7"},
		{Fingerprint, "h.changed", "f10", "f11"},
		{Fingerprint, "j.elsewhere", "f13", "f15"},
	}
	if diff := cmp.Diff(want, Compare(old, now)); diff != "" {
		t.Error(diff)
	}
	next := Renew(old, now)
	if got := next.byAddress()["f.unknown"].Result; got != a64 {
		t.Errorf("the result of f.unknown is %q: what was known is forgotten", got)
	}
	if got := next.byAddress()["c.changed"].Result; got != b64 {
		t.Errorf("the result of c.changed is %q", got)
	}
	if got := next.byAddress()["h.changed"].Result; got != "" {
		t.Errorf("the result of another fingerprint is taken over: %q", got)
	}
	if diff := cmp.Diff(want, Compare(old, next)); diff != "" {
		t.Error(diff)
	}
	if diff := Compare(next, next); diff != nil {
		t.Errorf("a file differs from itself: %v", diff)
	}
}

// Branches that change neighbouring units merge.
func TestGitMerges(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("needs git")
	}
	file := func(fingerprints ...string) *File {
		f := &File{Runtime: "r"}
		for i, fp := range fingerprints {
			if fp != "" {
				f.Units = append(f.Units, Unit{Address: fmt.Sprintf("pretrain.ssl[seed=%d]", i), Fingerprint: fp, Result: strings.Repeat(fp[:1], 64)})
			}
		}
		return f
	}
	base := file("a", "b", "c", "d", "e", "f")
	ours := file("a", "b2", "c", "", "e", "f")         // changes seed 1, drops seed 3
	theirs := file("a", "b", "c2", "d", "e", "f", "a") // changes seed 2, adds seed 6
	dir := t.TempDir()
	for name, f := range map[string]*File{"base": base, "ours": ours, "theirs": theirs} {
		if _, err := f.Write(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(git, "merge-file", "ours", "base", "theirs")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("merge: %v: %s", err, out)
	}
	got, err := Read(filepath.Join(dir, "ours"))
	if err != nil {
		t.Fatal(err)
	}
	want := file("a", "b2", "c2", "", "e", "f", "a")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("runtime = \"r\"\nunit \"a[seed=0]\" {\n fingerprint = \"f\"\n}\n"))
	f.Add([]byte("runtime = \"${1 + 1}\"\nunit \"a\" \"b\" {}\nunit {}\n<<<<<<<\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := Parse(src, "x")
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a word")
			}
			return
		}
		again, err := Parse(file.Bytes(), "x")
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, file.Bytes())
		}
		if !cmp.Equal(file, again) {
			t.Errorf("read %+v, and again %+v", file, again)
		}
	})
}
