package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
	"sslpipe/internal/cache"
)

var cacheNow = time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)

// madeCache is a store with a result that a run and one that nothing keeps, and
// all else that may go.
func madeCache(t *testing.T) (*artifact.Store, cache.Options) {
	t.Helper()
	dir := t.TempDir()
	file := func(path, text string) {
		path = filepath.Join(dir, ".sslpipe", path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	store, err := artifact.OpenStore(filepath.Join(dir, ".sslpipe", "cache"))
	if err != nil {
		t.Fatal(err)
	}
	for fingerprint, unit := range map[string]string{"aaaa1111aaaa": "pretrain.ssl[seed=0]", "bbbb2222bbbb": "module.probe.finetune.ssl_linear[labels=20,seed=10]"} {
		file("work/"+fingerprint+"/out/weights", strings.Repeat(fingerprint, 100_000))
		outs := map[string]artifact.Output{"encoder": {Type: artifact.TypeEncoder}}
		work := store.WorkDir(fingerprint)
		_, err := store.Commit(artifact.Work{Fingerprint: fingerprint, Unit: unit}, filepath.Join(work, "out"), outs, 83)
		if err := errors.Join(err, os.RemoveAll(work)); err != nil {
			t.Fatal(err)
		}
	}
	file("runs/20261125T101500Z-rotation/config.json", `{"pipeline":"rotation","path":"rotation.hcl","units":[
		{"address":"pretrain.ssl[seed=0]","fingerprint":"aaaa1111aaaa","inputs":{"views":["augment.views.views"]},"recipe":{"kind":"pretrain","config":{"epochs":2}}},
		{"address":"pretrain.ssl[seed=1]","fingerprint":"cccc3333cccc","recipe":{}}]}`)
	file("runs/20261125T101500Z-rotation/events.jsonl", `{"type":"run_finished"}`+"\n")
	file("work/cccc3333cccc/checkpoint", strings.Repeat("x", 2345))
	file("cache/damaged/dddd4444dddd.1/weights", "y")
	return store, cache.Options{Folder: dir, RunsDir: filepath.Join(dir, ".sslpipe", "runs"), KeepRuns: 10, Now: time.Now()}
}

// settle replaces what depends on the clock and on the file system.
func settle(s *cache.Survey) {
	for digest, o := range s.Inventory.Objects {
		o.Usage.Disk = o.Usage.Bytes + 4096
		s.Inventory.Objects[digest] = o
	}
	for _, r := range s.Results {
		r.Usage.Disk = r.Usage.Bytes + 4096
		r.Created = cacheNow.Add(-3*time.Hour - 20*time.Minute)
	}
	for _, list := range [][]artifact.Scrap{s.Inventory.Work, s.Inventory.Damaged} {
		for i := range list {
			list[i].Usage.Disk, list[i].Changed = 4096, cacheNow.Add(-50*time.Hour)
		}
	}
}

func mustShow(t *testing.T, want string, show func(w io.Writer) error) {
	t.Helper()
	var out bytes.Buffer
	if err := show(&out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCacheList(t *testing.T) {
	store, o := madeCache(t)
	s, err := cache.TakeSurvey(store, o)
	if err != nil {
		t.Fatal(err)
	}
	settle(s)
	mustShow(t, `.sslpipe/cache: 2 results in 2 folders of files, 2.40 MB (2.41 MB on disk). Of
the results, 1 (1.20 MB) is kept by 1 run. Nothing keeps 1 (1.20 MB): sslpipe
cache gc tells what would go.

result       size  age  took  kept by  unit
──────────────────────────────────────────────────────────────────────────────────────────
bbbb2222  1.20 MB  3 h  1:23  -        module.probe.finetune.ssl_linear[labels=20,seed=10]
aaaa1111  1.20 MB  3 h  1:23  1 run    pretrain.ssl[seed=0]
`, func(w io.Writer) error { return CacheList(w, s, s.Results, cacheNow, Style{}) })
	var out bytes.Buffer
	if err := CacheListJSON(&out, s, s.Results[1:]); err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"version": 1.0, "cache": ".sslpipe/cache",
		"total": map[string]any{"files": 2.0, "bytes": 2400000.0, "disk_bytes": 2408192.0},
		"results": []any{map[string]any{
			"unit": "pretrain.ssl[seed=0]", "fingerprint": "aaaa1111aaaa", "result": s.Results[1].Tree,
			"usage":   map[string]any{"files": 1.0, "bytes": 1200000.0, "disk_bytes": 1204096.0},
			"created": "2026-11-25T16:40:00Z", "seconds": 83.0,
			"kept_by": []any{map[string]any{"kind": "run", "name": "20261125T101500Z-rotation", "note": "newest"}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCacheWhy(t *testing.T) {
	store, o := madeCache(t)
	s, err := cache.TakeSurvey(store, o)
	if err != nil {
		t.Fatal(err)
	}
	settle(s)
	s.Results[1].Divergent = []artifact.Divergence{{Tree: "ffff", Created: cacheNow, Seconds: 2}, {Tree: s.Results[1].Tree, Created: cacheNow, Seconds: 3}}
	list, err := s.Explain(s.Results)
	if err != nil {
		t.Fatal(err)
	}
	mustShow(t, `pretrain.ssl[seed=0]
  fingerprint  aaaa1111aaaa
  result       `+s.Results[1].Tree+`
  stored       2026-11-25 16:40:00 UTC (3 h ago), made in 1:23
  files        1.20 MB (1.20 MB on disk) in 1 file
  outputs      encoder (encoder)
  reads        augment.views.views
  kept by      run 20261125T101500Z-rotation (newest)
  divergent    other files, ffff, made on 2026-11-25 20:00:00 UTC in 2.0 s; the
               first result is the one in use
               the same files with other metadata, made on 2026-11-25 20:00:00
               UTC in 3.0 s; the first result is the one in use
  what it computes, as its fingerprint has it:
    {
      "kind": "pretrain",
      "config": {
        "epochs": 2
      }
    }
`, func(w io.Writer) error { return CacheWhy(w, list[1:], cacheNow, Style{}) })
	var out bytes.Buffer
	if err := CacheWhy(&out, list, cacheNow, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"  kept by      nothing: sslpipe cache gc would remove it\n", "\n2 results. Name one of them to see what it computes.\n"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is missing in:\n%s", part, &out)
		}
	}
}

func TestCacheCollection(t *testing.T) {
	store, o := madeCache(t)
	propose := func() *cache.Collection {
		c, err := cache.Propose(store, o)
		if err != nil {
			t.Fatal(err)
		}
		settle(c.Survey)
		for _, list := range [][]cache.Work{c.Interrupted, c.Resumable} {
			for i := range list {
				list[i].Usage.Disk, list[i].Changed = 4096, cacheNow.Add(-50*time.Hour)
			}
		}
		for i := range c.Damaged {
			c.Damaged[i] = c.Inventory.Damaged[i]
		}
		return c
	}
	mustShow(t, `Dry run: nothing is removed. With --delete, 1.20 MB (1.21 MB on disk) go from
.sslpipe/cache.
Of 2 results, 1 (1.20 MB) stays: 1 kept by 1 run.
Interrupted work of pretrain.ssl[seed=1] (2.35 kB), resumable, stays; --work
removes it.

what                        number     size  on disk
────────────────────────────────────────────────────
results that nothing keeps       1  1.20 MB  1.20 MB
damaged, set aside               1      1 B  4.10 kB

results     size  kept by
────────────────────────────────────────────────────────
      1  1.20 MB  run 20261125T101500Z-rotation (newest)

Results that would go
result       size  age  took  unit
─────────────────────────────────────────────────────────────────────────────────
bbbb2222  1.20 MB  3 h  1:23  module.probe.finetune.ssl_linear[labels=20,seed=10]

What else would go
size  age  what
────────────────────────────
 1 B  2 d  damaged, dddd4444
`, func(w io.Writer) error { return CacheCollection(w, propose(), false, cacheNow, Style{}) })

	o.Work, o.KeepRuns = true, 0
	var out bytes.Buffer
	if err := CacheCollection(&out, propose(), true, cacheNow, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"Removed from .sslpipe/cache: 2.40 MB (2.42 MB on disk).\nNo result stays.\n", "Results that went\n",
		"2.35 kB  2 d  Interrupted work of pretrain.ssl[seed=1], resumable\n"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is missing in:\n%s", part, &out)
		}
	}
}

func TestCacheAudit(t *testing.T) {
	a := &artifact.Audit{Results: 2, Objects: 2, Read: artifact.Usage{Files: 3, Bytes: 12_345_678}}
	mustShow(t, "2 results, 12.3 MB in 3 files: every file is as it was stored.\n",
		func(w io.Writer) error { return CacheAudit(w, a, Style{}) })
	a.Damaged = []artifact.Damage{
		{Unit: "pretrain.ssl[seed=0]", Fingerprint: "aaaa1111aaaa", Reason: "weights has 3 bytes, not 6", Aside: "/x/damaged/t.1"},
		{Unit: "pretrain.ssl[seed=1]", Fingerprint: "bbbb2222bbbb", Reason: "its files are missing"},
		{Fingerprint: "cccc3333cccc", Reason: "its entry cannot be read", Aside: "/x/damaged/c.1"},
		{Object: "dddd4444dddd", Reason: "its content does not match its digest", Aside: "/x/damaged/d.1"},
	}
	mustShow(t, `2 results, 12.3 MB in 3 files: 4 damaged. The next run that needs a damaged
result makes it again.

pretrain.ssl[seed=0]
  weights has 3 bytes, not 6
  set aside as /x/damaged/t.1

pretrain.ssl[seed=1]
  its files are missing

an entry, cccc3333
  its entry cannot be read
  set aside as /x/damaged/c.1

files without a result, dddd4444
  its content does not match its digest
  set aside as /x/damaged/d.1
`, func(w io.Writer) error { return CacheAudit(w, a, Style{}) })
}

func TestBytesAndAges(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.00 kB", 9994: "9.99 kB", 9995: "10.0 kB", 99_960: "100 kB",
		999_499: "999 kB", 999_500: "1.00 MB", 12_345_678: "12.3 MB", 5e18: "5.00 EB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{-time.Minute: "0 min", 59 * time.Minute: "59 min", time.Hour: "1 h", 47 * time.Hour: "47 h", 48 * time.Hour: "2 d"} {
		if got := age(d); got != want {
			t.Errorf("%v ago: %s, want %s", d, got, want)
		}
	}
}
