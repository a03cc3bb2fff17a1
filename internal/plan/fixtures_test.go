package plan_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/plan"
)

// A fixture is a pipeline in testdata that states its own diagnostics, each as
// "# ERROR: summary" or "# WARNING: summary" on its line:
//
//	x.hcl       a file
//	x.hcl.json  a file in JSON, which has no comments; x.hcl.json.want holds them
//	            instead, each after the number of its line: 3 # ERROR: summary
//	x           a folder with the files of a pipeline; modules and files of
//	            values are in folders within it
//
// What is given to the pipeline from outside is in lines by themselves, and a marker
// on such a line is for a diagnostic about it:
//
//	# --var name=value
//	# --var-file values/small.hcl
//	# --set pretrain.*.epochs=3
//	# env SSLPIPE_VAR_name=value
type fixture struct {
	path    string
	options plan.Options
	// want maps "place: severity: summary" to how often it is expected. The place is
	// a line of a file, or the name of the source of what was given.
	want map[string]int
}

var (
	marker    = regexp.MustCompile(`# (ERROR|WARNING): (.*?)\s*($|# )`)
	givenLine = regexp.MustCompile(`^# (--var|--var-file|--set|env) (.*?)\s*($|# (?:ERROR|WARNING))`)
	wantLine  = regexp.MustCompile(`^(\d+) #`)
)

func readFixture(t *testing.T, path string) fixture {
	t.Helper()
	env := map[string]string{}
	f := fixture{path: path, want: map[string]int{}, options: plan.Options{Runtime: "test",
		Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}}
	for _, file := range f.files(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(src), "\n") {
			place := fmt.Sprintf("%s:%d", file, i+1)
			if json, ok := strings.CutSuffix(file, ".want"); ok {
				place = json
				if m := wantLine.FindStringSubmatch(line); m != nil {
					place += ":" + m[1]
				}
			}
			if m := givenLine.FindStringSubmatch(line); m != nil {
				place = f.give(env, m[1], m[2])
			}
			f.expect(place, line)
		}
	}
	return f
}

// files are those that hold markers.
func (f *fixture) files(t *testing.T) []string {
	t.Helper()
	if strings.HasSuffix(f.path, ".json") {
		if _, err := os.Stat(f.path + ".want"); err != nil {
			return nil
		}
		return []string{f.path + ".want"}
	}
	var files []string
	err := filepath.WalkDir(f.path, func(path string, entry fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err == nil && !entry.IsDir() && (ext == ".hcl" || ext == ".want") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// give adds to what is given to the pipeline and returns the name of its source.
func (f *fixture) give(env map[string]string, what, text string) string {
	name, value, _ := strings.Cut(text, "=")
	switch what {
	case "--var":
		f.options.Given = append(f.options.Given, plan.Given{Var: text})
	case "--var-file":
		path := filepath.Join(f.path, text)
		f.options.Given = append(f.options.Given, plan.Given{File: path})
		return what
	case "--set":
		f.options.Sets = append(f.options.Sets, text)
	case "env":
		env[name] = value
		return name
	}
	return what + " " + name
}

func (f *fixture) expect(place, line string) {
	for rest := line; ; {
		m := marker.FindStringSubmatchIndex(rest)
		if m == nil {
			return
		}
		f.want[fmt.Sprintf("%s: %s: %s", place, rest[m[2]:m[3]], rest[m[4]:m[5]])]++
		rest = rest[m[5]:]
	}
}

// differences compares what a fixture states with what was reported.
func (f fixture) differences(diags hcl.Diagnostics) []string {
	got := map[string]int{}
	for _, d := range diags {
		place := "nowhere"
		if d.Subject != nil {
			place = d.Subject.Filename
		}
		if _, err := os.Stat(place); err == nil {
			place = fmt.Sprintf("%s:%d", place, d.Subject.Start.Line)
		}
		got[fmt.Sprintf("%s: %s: %s", place, severity(d), d.Summary)]++
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(f.want)) {
		if got[key] < f.want[key] {
			out = append(out, "missing "+key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if got[key] > f.want[key] {
			out = append(out, "unexpected "+key)
		}
	}
	return out
}

func severity(d *hcl.Diagnostic) string {
	if d.Severity == hcl.DiagWarning {
		return "WARNING"
	}
	return "ERROR"
}

func load(f fixture) (*plan.Plan, hcl.Diagnostics) {
	return plan.Load([]string{f.path}, fakeKinds(1, 1), f.options)
}

// fixtures are the files and folders in a folder of testdata.
func fixtures(t *testing.T, folder string) []fixture {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("testdata", folder))
	if err != nil || len(entries) == 0 {
		t.Fatalf("no fixtures in %s: %v", folder, err)
	}
	var all []fixture
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.IsDir() || ext == ".hcl" || ext == ".json" {
			all = append(all, readFixture(t, filepath.Join("testdata", folder, e.Name())))
		}
	}
	return all
}

func TestInvalidFixturesReportExactlyWhatTheyState(t *testing.T) {
	all := fixtures(t, "invalid")
	if len(all) < 60 {
		t.Errorf("there are %d fixtures", len(all))
	}
	for _, f := range all {
		t.Run(filepath.Base(f.path), func(t *testing.T) {
			p, diags := load(f)
			for _, d := range f.differences(diags) {
				t.Error(d)
			}
			if t.Failed() {
				for _, d := range diags {
					t.Log(d)
				}
			}
			if !diags.HasErrors() {
				t.Error("no error")
			}
			if len(p.Units) != 0 {
				t.Error("a plan with errors has units")
			}
			checkForm(t, p, diags)
		})
	}
}

// checkForm checks what every diagnostic must have.
func checkForm(t *testing.T, p *plan.Plan, diags hcl.Diagnostics) {
	t.Helper()
	for i, d := range diags {
		if d.Subject == nil {
			t.Errorf("%s: no subject", d.Summary)
			continue
		}
		if p.Files[d.Subject.Filename] == nil {
			t.Errorf("%s: no source for %s", d.Summary, d.Subject.Filename)
		} else if size := len(p.Files[d.Subject.Filename].Bytes); d.Subject.End.Byte > size || d.Subject.Start.Byte > d.Subject.End.Byte {
			t.Errorf("%s: range %v outside %d bytes", d.Summary, d.Subject, size)
		}
		if strings.HasSuffix(d.Summary, ".") || d.Summary == "" || d.Detail == "" || strings.Contains(d.Detail, "  ") && d.Summary != "Dependency cycle" || strings.HasSuffix(d.Detail, " ") {
			t.Errorf("bad style: %q: %q", d.Summary, d.Detail)
		}
		if i > 0 && diags[i-1].Subject.Filename == d.Subject.Filename && diags[i-1].Subject.Start.Byte > d.Subject.Start.Byte {
			t.Errorf("not in order: %s after %s", d, diags[i-1])
		}
	}
}

// A stated error that is not reported, and a reported one that is not stated,
// must both be noticed.
func TestFixturesFailWithoutAMarker(t *testing.T) {
	for _, f := range fixtures(t, "invalid") {
		_, diags := load(f)
		for key := range f.want {
			less := fixture{path: f.path, want: maps.Clone(f.want)}
			less.want[key]--
			if len(less.differences(diags)) != 1 {
				t.Errorf("%s: removing %q is not noticed", f.path, key)
			}
			more := fixture{path: f.path, want: maps.Clone(f.want)}
			more.want[key]++
			if len(more.differences(diags)) != 1 {
				t.Errorf("%s: doubling %q is not noticed", f.path, key)
			}
		}
	}
}

func TestDiagnosticsAreTheSameEveryTime(t *testing.T) {
	for _, f := range fixtures(t, "invalid") {
		_, first := load(f)
		for range 2 {
			_, again := load(f)
			if first.Error() != again.Error() || len(first) != len(again) {
				t.Fatalf("%s: %v, then %v", f.path, first, again)
			}
			for i := range first {
				if first[i].Error() != again[i].Error() {
					t.Fatalf("%s: %v, then %v", f.path, first[i], again[i])
				}
			}
		}
	}
}
