package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
	"sslpipe/internal/filelock"
	"sslpipe/internal/lockfile"
	"sslpipe/internal/seal"
)

// bench is a working folder with a store.
type bench struct {
	t     *testing.T
	dir   string
	store *artifact.Store
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	store, err := artifact.OpenStore(filepath.Join(dir, ".sslpipe", "cache"))
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, dir: dir, store: store}
}

func (b *bench) write(path, text string) {
	b.t.Helper()
	path = filepath.Join(b.dir, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
		b.t.Fatal(err)
	}
}

// add stores a result. Content that is used twice is one object; reads is the
// digest of an object that the metadata names.
func (b *bench) add(unit, fingerprint, content, reads string) *artifact.Entry {
	b.t.Helper()
	b.write(filepath.Join(".sslpipe", "work", fingerprint, "out", "file"), content)
	outs := map[string]artifact.Output{"out": {Type: artifact.TypeViews, Meta: artifact.ViewsMeta{DatasetDigest: reads}}}
	work := b.store.WorkDir(fingerprint)
	c, err := b.store.Commit(artifact.Work{Fingerprint: fingerprint, Unit: unit}, filepath.Join(work, "out"), outs, 2)
	if err := errors.Join(err, os.RemoveAll(work)); err != nil {
		b.t.Fatal(err)
	}
	return c.Entry
}

// run makes the folder of a run of units, given as addresses with fingerprints.
func (b *bench) run(name, pipeline string, ended bool, at time.Time, units ...string) {
	b.t.Helper()
	type unit struct {
		Address     string `json:"address"`
		Fingerprint string `json:"fingerprint"`
		Recipe      string `json:"recipe"`
	}
	config := struct {
		Pipeline string `json:"pipeline"`
		Path     string `json:"path"`
		Units    []unit `json:"units"`
	}{Pipeline: pipeline, Path: pipeline + ".hcl"}
	for i := 0; i < len(units); i += 2 {
		config.Units = append(config.Units, unit{units[i], units[i+1], "recipe of " + units[i]})
	}
	text, err := json.Marshal(config)
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(filepath.Join(".sslpipe", "runs", name, "config.json"), string(text))
	event := "run_started"
	if ended {
		event = "run_finished"
	}
	b.write(filepath.Join(".sslpipe", "runs", name, "events.jsonl"), fmt.Sprintf("{\"time\":%q,\"type\":%q}\n", at.Format(time.RFC3339), event))
}

// now is later than what the tests store.
var now = time.Now().Add(2 * time.Hour)

func (b *bench) options() Options {
	return Options{Folder: b.dir, RunsDir: filepath.Join(b.dir, ".sslpipe", "runs"), KeepRuns: 10, Now: now}
}

func (b *bench) propose(o Options) *Collection {
	b.t.Helper()
	c, err := Propose(b.store, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func units(list []*Result) string {
	var names []string
	for _, r := range list {
		names = append(names, r.Unit)
	}
	return strings.Join(names, " ")
}

func (b *bench) mustStay(fingerprints ...string) {
	b.t.Helper()
	for _, f := range fingerprints {
		if e, ok, err := b.store.Lookup(f); err != nil || !ok || b.store.Verify(e) != nil {
			b.t.Errorf("%s is gone: %v, %v", f, ok, err)
		}
	}
}

var long = now.Add(-100 * time.Hour)

func TestLastRunsOfEachPipelineKeep(t *testing.T) {
	b := newBench(t)
	for i := range 6 {
		b.add(fmt.Sprintf("pretrain.a[seed=%d]", i), fmt.Sprintf("fa%d", i), fmt.Sprint("a", i), "")
	}
	b.add("pretrain.other", "fo", "o", "")
	b.run("20260101T000000Z-a", "a", true, long, "pretrain.a[seed=0]", "fa0")
	b.run("20260102T000000Z-a", "a", true, long, "pretrain.a[seed=1]", "fa1")
	b.run("20260103T000000Z-a", "a", true, long, "pretrain.a[seed=2]", "fa2", "pretrain.a[seed=3]", "fa3")
	b.run("20260104T000000Z-a", "a", true, long, "pretrain.a[seed=2]", "fa2") // a repetition is not counted
	b.run("20260105T000000Z-a", "a", true, long, "pretrain.a[seed=3]", "fa3")
	b.run("20260101T000000Z-other", "other", true, long, "pretrain.other", "fo")
	b.write(".sslpipe/runs/20260106T000000Z-a/config.json", `{"pipeline":`) // killed while it was written
	o := b.options()
	for keep, want := range map[int]string{
		0: "pretrain.a[seed=0] pretrain.a[seed=1] pretrain.a[seed=2] pretrain.a[seed=3] pretrain.a[seed=4] pretrain.a[seed=5] pretrain.other",
		2: "pretrain.a[seed=0] pretrain.a[seed=1] pretrain.a[seed=4] pretrain.a[seed=5]",
		3: "pretrain.a[seed=0] pretrain.a[seed=4] pretrain.a[seed=5]",
		4: "pretrain.a[seed=4] pretrain.a[seed=5]",
	} {
		o.KeepRuns = keep
		if got := units(b.propose(o).Results); got != want {
			t.Errorf("with %d runs %s go, want %s", keep, got, want)
		}
	}
	if c := b.propose(o); len(c.Roots.Warned) != 1 || len(c.Roots.Unknown) != 0 {
		t.Errorf("warned %v, unknown %v", c.Roots.Warned, c.Roots.Unknown)
	}
}

func TestCollectRemovesWhatNothingKeeps(t *testing.T) {
	b := newBench(t)
	data := b.add("download.images", "fd", "images", "")
	b.add("augment.views", "fv", "views", data.Tree)
	b.add("pretrain.old", "fp", "old", data.Tree)
	b.add("pretrain.twin", "ft", "old", "")                     // the same files
	loose := b.add("pretrain.lost", "fl", "loose", "")          // a killed removal took the entry
	named := b.add("pretrain.elsewhere", "fe", "elsewhere", "") // known to a lock file by its digest
	if err := errors.Join(os.Remove(filepath.Join(b.store.Dir(), "actions", "fl.json")), os.Remove(filepath.Join(b.store.Dir(), "actions", "fe.json"))); err != nil {
		t.Fatal(err)
	}
	b.write(".sslpipe/cache/damaged/x.1", "x")
	b.write(".sslpipe/work/fi/checkpoint", "step 7")
	b.write(".sslpipe/work/fv/checkpoint", "left")
	b.write(".sslpipe/downloads/images.zip", "zip")
	b.write(".sslpipe/downloads/images.zip.lock", "")
	// The lock file names the views, and by them the images.
	lock := &lockfile.File{Runtime: "r", Units: []lockfile.Unit{{Address: "augment.views", Fingerprint: "fv"}, {Address: "pretrain.there", Fingerprint: "f9", Result: named.Tree}}}
	b.write("pipelines/a.lock.hcl", string(lock.Bytes()))
	b.run("20260101T000000Z-a", "a", true, long, "pretrain.i[seed=0]", "fi")

	o := b.options()
	c := b.propose(o)
	if got, want := units(c.Results), "pretrain.old pretrain.twin"; got != want {
		t.Errorf("results %s, want %s", got, want)
	}
	if got := units(c.Kept); got != "augment.views download.images" {
		t.Errorf("kept %s", got)
	}
	if len(c.Loose) != 1 || c.Loose[0].Name != loose.Tree || len(c.Damaged) != 1 || len(c.Leavings) != 1 || c.Leavings[0].Name != "fv" {
		t.Errorf("loose %v, damaged %v, leavings %v", c.Loose, c.Damaged, c.Leavings)
	}
	if len(c.Interrupted)+len(c.Downloads) != 0 || len(c.Resumable) != 1 || c.Resumable[0].Unit != "pretrain.i[seed=0]" {
		t.Errorf("interrupted %v, downloads %v, resumable %v", c.Interrupted, c.Downloads, c.Resumable)
	}
	if got, want := c.Freed().Bytes, int64(len("old"+"loose"+"x"+"left")); got != want {
		t.Errorf("frees %d bytes, want %d", got, want)
	}
	if got := len(b.propose(o).Survey.Results); got != 4 {
		t.Fatalf("a proposal removed something: %d results", got)
	}

	o.Work, o.Downloads = true, true
	if _, err := Collect(b.store, o); err != nil {
		t.Fatal(err)
	}
	b.mustStay("fd", "fv")
	inv, err := b.store.Inventory()
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Entries) != 2 || len(inv.Objects) != 3 || len(inv.Damaged)+len(inv.Trash)+len(inv.Work) != 0 {
		t.Errorf("left %+v", inv)
	}
	if _, ok := inv.Objects[named.Tree]; !ok {
		t.Error("files that a lock file names are gone")
	}
	if left, err := os.ReadDir(filepath.Join(b.dir, ".sslpipe", "downloads")); err != nil || len(left) != 0 {
		t.Errorf("downloads: %v, %v", left, err)
	}
	if c := b.propose(o); len(c.Results) != 0 || c.Freed().Files != 0 {
		t.Errorf("still to remove: %s, %v", units(c.Results), c.Freed())
	}
}

func TestYoungResultsStayWithWhatTheyNeed(t *testing.T) {
	b := newBench(t)
	data := b.add("download.images", "fd", "images", "")
	b.add("augment.views", "fv", "views", data.Tree)
	o := b.options()
	views, _, err := b.store.Lookup("fv")
	if err != nil {
		t.Fatal(err)
	}
	// The views are just too young, the images just old enough.
	o.OlderThan = o.Now.Sub(views.Created) + 1
	if !data.Created.Before(views.Created.Add(-1)) {
		t.Skip("the clock is too coarse")
	}
	c := b.propose(o)
	if got := units(c.Results); got != "" {
		t.Errorf("%s would go", got)
	}
	if got := c.Freed(); got != (artifact.Usage{}) {
		t.Errorf("%v would go", got)
	}
	if got := units(c.Young); got != "augment.views download.images" {
		t.Errorf("young: %s", got)
	}
}

// A run that a process is in the middle of keeps what it will read, and the folder
// of the unit that is held, however old it is and whatever is asked for.
func TestNothingOfARunningProcessGoes(t *testing.T) {
	b := newBench(t)
	b.add("download.images", "fd", "images", "")
	b.add("pretrain.gone", "fg", "gone", "")
	b.write(".sslpipe/work/fh/checkpoint", "step 7")
	b.write(".sslpipe/downloads/images.zip", "zip")
	b.write(".sslpipe/work/fh.lock", "process 7 on host")
	lock := flock.New(filepath.Join(b.dir, ".sslpipe", "work", "fh.lock"))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	o := b.options()
	o.KeepRuns, o.Work, o.Downloads = 0, true, true

	// Nobody knows what the unit reads.
	if _, err := Collect(b.store, o); err == nil || !strings.Contains(err.Error(), "process 7 on host is running unit fh, which no run in") {
		t.Errorf("error %v", err)
	}
	b.mustStay("fd", "fg")

	b.run("20260101T000000Z-a", "a", false, long, "download.images", "fd", "pretrain.h", "fh")
	c, err := Collect(b.store, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := units(c.Results); got != "pretrain.gone" {
		t.Errorf("%s went", got)
	}
	if len(c.Downloads)+len(c.Interrupted) != 0 || len(c.Resumable) != 1 || c.Resumable[0].HeldBy != "process 7 on host" {
		t.Errorf("downloads %v, interrupted %v, resumable %v", c.Downloads, c.Interrupted, c.Resumable)
	}
	b.mustStay("fd")
	if _, err := os.Stat(filepath.Join(b.dir, ".sslpipe", "work", "fh", "checkpoint")); err != nil {
		t.Error(err)
	}

	if err := lock.Close(); err != nil { // the process ended
		t.Fatal(err)
	}
	if _, err := Collect(b.store, o); err != nil {
		t.Fatal(err)
	}
	if inv, err := b.store.Inventory(); err != nil || len(inv.Entries)+len(inv.Work) != 0 {
		t.Errorf("left %+v, %v", inv, err)
	}
}

func TestUnfinishedRunKeepsForAWhile(t *testing.T) {
	b := newBench(t)
	b.add("download.images", "fd", "images", "")
	o := b.options()
	o.KeepRuns = 0
	b.run("20260101T000000Z-a", "a", false, now.Add(-quiet+time.Second), "download.images", "fd")
	if c := b.propose(o); len(c.Results) != 0 || c.Roots.List[0].Note != "may be at work" {
		t.Errorf("%s would go; roots %v", units(c.Results), c.Roots.List)
	}
	b.run("20260101T000000Z-a", "a", false, now.Add(-quiet-time.Second), "download.images", "fd")
	if c := b.propose(o); len(c.Results) != 1 {
		t.Error("a run that was killed keeps its results for ever")
	}
}

func TestNothingGoesWhileALockFileCannotBeRead(t *testing.T) {
	b := newBench(t)
	b.add("pretrain.a", "fa", "a", "")
	b.write("deep/er/a.lock.hcl", "<<<<<<< ours\n")
	b.write(".hidden/b.lock.hcl", "not looked at")
	_, err := Collect(b.store, b.options())
	var wrong *lockfile.SyntaxError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "a.lock.hcl:1: Unresolved merge conflict") {
		t.Errorf("error %v", err)
	}
	b.mustStay("fa")
	if c := b.propose(b.options()); len(c.Roots.Unknown) != 1 {
		t.Errorf("unknown %v", c.Roots.Unknown)
	}
}

// A removal that was killed between entry and object is finished by the next one.
func TestKilledRemovalIsFinished(t *testing.T) {
	b := newBench(t)
	e := b.add("pretrain.a", "fa", "a", "")
	if err := os.Remove(filepath.Join(b.store.Dir(), "actions", "fa.json")); err != nil {
		t.Fatal(err)
	}
	a, err := b.store.VerifyAll(t.Context(), func(int64, int64) {})
	if err != nil || len(a.Damaged) != 0 {
		t.Fatalf("%+v, %v", a, err)
	}
	c, err := Collect(b.store, b.options())
	if err != nil || len(c.Loose) != 1 || c.Loose[0].Name != e.Tree {
		t.Errorf("%v, %v", c, err)
	}
	if inv, err := b.store.Inventory(); err != nil || len(inv.Objects) != 0 {
		t.Errorf("left %v, %v", inv.Objects, err)
	}
}

func TestFindAndExplain(t *testing.T) {
	b := newBench(t)
	b.add("pretrain.ssl[seed=10]", "abcdef10", "ten", "")
	b.add("pretrain.ssl[seed=2]", "abcdef02", "two", "")
	other := b.add("pretrain.sslx[seed=0]", "99999999", "x", "")
	b.run("20260101T000000Z-a", "a", true, long, "module.m.pretrain.ssl[seed=2]", "abcdef02", "evaluate.report", "77777777", "finetune.ssl[seed=1]", "66666666", "finetune.ssl[seed=0]", "88888888")
	b.write(".sslpipe/work/88888888/checkpoint", "x")
	s, err := TakeSurvey(b.store, b.options())
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]string{
		"pretrain.ssl":                  "pretrain.ssl[seed=2] pretrain.ssl[seed=10]",
		"pretrain.ssl[seed=2]":          "pretrain.ssl[seed=2]",
		"*[seed=2]":                     "pretrain.ssl[seed=2]",
		"module.m.pretrain.ssl[seed=2]": "pretrain.ssl[seed=2]",
		"abcdef1":                       "pretrain.ssl[seed=10]",
		other.Tree[:10]:                 "pretrain.sslx[seed=0]",
		"*":                             "pretrain.ssl[seed=2] pretrain.ssl[seed=10] pretrain.sslx[seed=0]",
	} {
		found, err := s.Find(what)
		if err != nil || units(found) != want {
			t.Errorf("Find(%s) = %s, %v, want %s", what, units(found), err, want)
		}
	}
	for what, want := range map[string]string{
		"999":             "it takes an address as in sslpipe cache ls, with * and ?, or 4 characters or more of a fingerprint.",
		"pretrain.sll":    `Did you mean "pretrain.ssl"?`,
		"finetune":        "finetune.ssl[seed=0], fingerprint 88888888, is not stored: it was interrupted, and the next run resumes it (and 1 more)",
		"evaluate.report": "evaluate.report, fingerprint 77777777, is not stored: it was never run to its end, or was removed",
	} {
		if _, err := s.Find(what); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%s): error %v, want %s", what, err, want)
		}
	}
	found, err := s.Find("abcdef02")
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Explain(found)
	if err != nil {
		t.Fatal(err)
	}
	e := list[0]
	if e.Run != "20260101T000000Z-a" || string(e.Recipe) != `"recipe of module.m.pretrain.ssl[seed=2]"` || !slices.Equal(e.Names, []string{"module.m.pretrain.ssl[seed=2]"}) {
		t.Errorf("explanation %+v", e)
	}
}

func TestNaturalOrder(t *testing.T) {
	want := []string{"", "a", "a[seed=2]", "a[seed=10]", "a[seed=010]", "a[x]", "b1", "b2a", "b2b"}
	got := slices.SortedFunc(slices.Values([]string{"b2b", "a[x]", "a[seed=010]", "b1", "a[seed=10]", "", "a", "b2a", "a[seed=2]"}), compareNatural)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A run whose process is at work keeps what it names and what was downloaded, even
// though it has written nothing for long and its clock is a day behind.
func TestLivingRunKeeps(t *testing.T) {
	b := newBench(t)
	b.add("download.images", "fd", "images", "")
	b.write(".sslpipe/downloads/images.zip", "zip")
	b.run("20260101T000000Z-a", "a", true, long, "download.images", "fd")
	mark, err := filelock.Mark(filepath.Join(b.dir, ".sslpipe", "runs", "20260101T000000Z-a", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	o := b.options()
	o.KeepRuns, o.Downloads = 0, true
	c, err := Collect(b.store, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Results)+len(c.Downloads) != 0 || c.Roots.List[0].Note != "may be at work" {
		t.Errorf("%s went, downloads %v, roots %v", units(c.Results), c.Downloads, c.Roots.List)
	}
	b.mustStay("fd")
	if err := mark.Unlock(); err != nil {
		t.Fatal(err)
	}
	if c, err = Collect(b.store, o); err != nil || len(c.Results) != 1 || len(c.Downloads) != 1 {
		t.Errorf("after its end %s went, downloads %v, %v", units(c.Results), c.Downloads, err)
	}
}

// A configuration that was damaged after the run began anything kept something,
// and nobody knows what.
func TestNothingGoesWhileARunCannotBeRead(t *testing.T) {
	b := newBench(t)
	b.add("pretrain.a", "fa", "a", "")
	b.run("20260101T000000Z-a", "a", true, long, "pretrain.a", "fa")
	b.write(".sslpipe/runs/20260101T000000Z-a/config.json", "{\n  \"sha256\": \"00\",\n  \"pipeline\": \"a\"\n}\n")
	_, err := Collect(b.store, b.options())
	if !errors.Is(err, seal.ErrBroken) || !strings.HasSuffix(err.Error(), "config.json: its checksum does not match: it is not as it was written; if nothing of this run is needed, remove its folder") {
		t.Errorf("error %v", err)
	}
	b.mustStay("fa")
}

// Results that were stored before a clock was set back are from the future: they
// stay as long as an age is asked for, and go where none is.
func TestResultsFromTheFuture(t *testing.T) {
	b := newBench(t)
	b.add("pretrain.a", "fa", "a", "")
	o := b.options()
	o.Now = time.Now().Add(-24 * time.Hour)
	o.OlderThan = time.Hour
	if c := b.propose(o); len(c.Results) != 0 || units(c.Young) != "pretrain.a" {
		t.Errorf("%s would go", units(c.Results))
	}
	o.OlderThan = 0
	if c := b.propose(o); units(c.Results) != "pretrain.a" {
		t.Errorf("%s would go", units(c.Results))
	}
}
