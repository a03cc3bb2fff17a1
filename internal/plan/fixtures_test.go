package plan_test

import (
	"fmt"
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

var (
	marker = regexp.MustCompile(`# (ERROR|WARNING): (.*?)\s*($|# )`)
	// A line "# --var name=value" gives a variable; its marker is for a
	// diagnostic about that value.
	varLine = regexp.MustCompile(`^# --var (\w+)=(.*?)\s*($|# (?:ERROR|WARNING))`)
)

// fixture is a pipeline file that states its own diagnostics.
type fixture struct {
	path string
	vars map[string]string
	// want maps "place: severity: summary" to how often it is expected. The
	// place is a line, or the pseudo-file of a variable.
	want map[string]int
}

func readFixture(t *testing.T, path string) fixture {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{path: path, vars: map[string]string{}, want: map[string]int{}}
	for i, line := range strings.Split(string(src), "\n") {
		place := fmt.Sprintf("line %d", i+1)
		if m := varLine.FindStringSubmatch(line); m != nil {
			f.vars[m[1]] = m[2]
			place = "--var " + m[1]
		}
		for rest := line; ; {
			m := marker.FindStringSubmatchIndex(rest)
			if m == nil {
				break
			}
			f.want[fmt.Sprintf("%s: %s: %s", place, rest[m[2]:m[3]], rest[m[4]:m[5]])]++
			rest = rest[m[5]:]
		}
	}
	return f
}

// differences compares what a fixture states with what was reported.
func (f fixture) differences(diags hcl.Diagnostics) []string {
	got := map[string]int{}
	for _, d := range diags {
		place := "nowhere"
		switch {
		case d.Subject == nil:
		case d.Subject.Filename == f.path:
			place = fmt.Sprintf("line %d", d.Subject.Start.Line)
		default:
			place = d.Subject.Filename
		}
		severity := "ERROR"
		if d.Severity == hcl.DiagWarning {
			severity = "WARNING"
		}
		got[fmt.Sprintf("%s: %s: %s", place, severity, d.Summary)]++
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

func load(f fixture) (*plan.Plan, hcl.Diagnostics) {
	return plan.Load([]string{f.path}, fakeKinds(1, 1), plan.Options{Given: given(f.vars), Runtime: "test"})
}

func fixtures(t *testing.T, folder string) []fixture {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.hcl"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures in %s: %v", folder, err)
	}
	var all []fixture
	for _, path := range paths {
		all = append(all, readFixture(t, path))
	}
	return all
}

func TestInvalidFixturesReportExactlyWhatTheyState(t *testing.T) {
	for _, f := range fixtures(t, "invalid") {
		t.Run(filepath.Base(f.path), func(t *testing.T) {
			p, diags := load(f)
			for _, d := range f.differences(diags) {
				t.Error(d)
			}
			if t.Failed() {
				t.Log(diags)
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

func TestValidFixturesHaveNoErrors(t *testing.T) {
	for _, f := range fixtures(t, "valid") {
		t.Run(filepath.Base(f.path), func(t *testing.T) {
			p, diags := load(f)
			for _, d := range f.differences(diags) {
				t.Error(d)
			}
			if t.Failed() {
				t.Log(diags)
			}
			if len(p.Units) == 0 {
				t.Error("no units")
			}
			checkForm(t, p, diags)
		})
	}
}

func TestDiagnosticsAreTheSameEveryTime(t *testing.T) {
	for _, f := range fixtures(t, "invalid") {
		_, first := load(f)
		for range 5 {
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
