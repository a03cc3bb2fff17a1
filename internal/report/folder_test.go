package report

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// runsOfNames makes folders of runs, each with a report of its own name.
func runsOfNames(t *testing.T, names ...string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "runs")
	for _, name := range names {
		writeReport(t, filepath.Join(root, name), Report{Version: Version, Run: name})
	}
	return root
}

func writeReport(t *testing.T, dir string, r Report) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, File), text, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	runs := runsOfNames(t,
		"20260101T000000Z-toy", "20260101T000000Z.2-toy", "20260102T000000Z-simclr", "20260103T000000Z-toy", "20260103T090000Z-two-sets")
	// A file is no run, even if it were the newest.
	if err := os.WriteFile(filepath.Join(runs, "99990101T000000Z-toy"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"latest":               "20260103T090000Z-two-sets",
		"20260102":             "20260102T000000Z-simclr",
		"20260103T0000":        "20260103T000000Z-toy",
		"20260101T000000Z-toy": "20260101T000000Z-toy", // though another begins with it
		"toy":                  "20260103T000000Z-toy", // the newest
		"simclr":               "20260102T000000Z-simclr",
		"two-sets":             "20260103T090000Z-two-sets",
	} {
		if dir, err := Find(runs, name); err != nil || dir != filepath.Join(runs, want) {
			t.Errorf("%s: found %s, %v, want %s", name, dir, err, want)
		}
	}
	for name, want := range map[string]string{
		"2026010":          `several runs begin with "2026010": 20260101T000000Z-toy, 20260101T000000Z.2-toy, 20260102T000000Z-simclr, 20260103T000000Z-toy, 20260103T090000Z-two-sets`,
		"20260101T000000Z": `several runs begin with "20260101T000000Z": 20260101T000000Z-toy, 20260101T000000Z.2-toy`,
		"to":               `there is no run "to" in ` + runs + "; the newest is 20260103T090000Z-two-sets", // no beginning of a pipeline
		"moco":             `there is no run "moco" in ` + runs + "; the newest is 20260103T090000Z-two-sets",
		"9999":             `there is no run "9999" in ` + runs + "; the newest is 20260103T090000Z-two-sets",
	} {
		if dir, err := Find(runs, name); err == nil || err.Error() != want {
			t.Errorf("%s: found %s, error %v, want %s", name, dir, err, want)
		}
	}
}

// A path to a run needs no folder of runs around it.
func TestFindByPath(t *testing.T) {
	elsewhere := filepath.Join(runsOfNames(t, "kept"), "kept")
	for _, runs := range []string{runsOfNames(t, "20260101T000000Z-toy"), filepath.Join(t.TempDir(), "none")} {
		if dir, err := Find(runs, elsewhere); err != nil || dir != elsewhere {
			t.Errorf("found %s, %v", dir, err)
		}
	}
}

func TestFindWithoutRuns(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, name := range []string{Latest, "toy"} {
		if dir, err := Find(none, name); err == nil || err.Error() != "there are no runs in "+none {
			t.Errorf("%s: found %s, error %v", name, dir, err)
		}
	}
	if names, err := Folders(none); err != nil || len(names) != 0 {
		t.Errorf("folders %v, %v", names, err)
	}
}

func TestFoldersAreInOrder(t *testing.T) {
	names, err := Folders(runsOfNames(t, "20260103T000000Z-a", "20260101T000000Z-c", "imported-a-0123", "20260102T000000Z-b"))
	if want := []string{"imported-a-0123", "20260101T000000Z-c", "20260102T000000Z-b", "20260103T000000Z-a"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("folders %v, %v, want %v", names, err, want)
	}
}

// A run that was imported is found by its name, and never in place of one made here.
func TestImportedRunsAreNotTheNewest(t *testing.T) {
	runs := runsOfNames(t, "20260101T000000Z-toy", "imported-toy-0123")
	for name, want := range map[string]string{Latest: "20260101T000000Z-toy", "toy": "20260101T000000Z-toy", "imported": "imported-toy-0123", "imported-toy-0123": "imported-toy-0123"} {
		if dir, err := Find(runs, name); err != nil || filepath.Base(dir) != want {
			t.Errorf("%s: found %s, %v", name, dir, err)
		}
	}
	only := runsOfNames(t, "imported-toy-0123")
	if dir, err := Find(only, Latest); err != nil || filepath.Base(dir) != "imported-toy-0123" {
		t.Errorf("found %s, %v", dir, err)
	}
}

// A report without a name is called as its folder.
func TestReadNamesAReport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "imported-toy-0123")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	writeReport(t, dir, Report{Version: Version})
	if r, err := Read(dir); err != nil || r.Run != "imported-toy-0123" {
		t.Errorf("report %+v, %v", r, err)
	}
}

func TestRead(t *testing.T) {
	root := runsOfNames(t, "good")
	writeReport(t, filepath.Join(root, "newer"), Report{Version: Version + 1})
	writeReport(t, filepath.Join(root, "older"), Report{Version: 0})
	broken := filepath.Join(root, "broken")
	if err := errors.Join(os.Mkdir(broken, 0o755), os.WriteFile(filepath.Join(broken, File), []byte(`{"version": 1,`), 0o644)); err != nil {
		t.Fatal(err)
	}
	if r, err := Read(filepath.Join(root, "good")); err != nil || r.Run != "good" || r.Version != 1 {
		t.Errorf("read %+v, %v", r, err)
	}
	if _, err := Read(filepath.Join(root, "unfinished")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a report: error %v", err)
	}
	for name, want := range map[string]string{
		"newer":  "its schema has version 2, this program reads version 1",
		"older":  "its schema has version 0, this program reads version 1",
		"broken": "unexpected end of JSON input",
	} {
		path := filepath.Join(root, name, File)
		if r, err := Read(filepath.Join(root, name)); err == nil || !strings.HasPrefix(err.Error(), "read "+path+": ") || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: read %+v, error %v, want %q", name, r, err, want)
		}
	}
}

// What came to no report, as a preview or a run that failed, hides no report.
func TestFindPrefersReports(t *testing.T) {
	runs := runsOfNames(t, "20260102T000000Z-toy")
	for _, name := range []string{"20260101T000000Z-toy", "20260103T000000Z-toy", "20260104T000000Z-simclr"} {
		if err := os.Mkdir(filepath.Join(runs, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{Latest: "20260102T000000Z-toy", "toy": "20260102T000000Z-toy", "simclr": "20260104T000000Z-simclr"} {
		if dir, err := Find(runs, name); err != nil || filepath.Base(dir) != want {
			t.Errorf("%s: found %s, %v, want %s", name, dir, err, want)
		}
	}
}
