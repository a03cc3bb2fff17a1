package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fake is the command line of a peer in Python, through the same serve.py as the
// real ones.
func fake(t *testing.T) program {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	return program{command: []string{python, "testdata/fake_peer.py"}, environment: []string{"PYTHONDONTWRITEBYTECODE=1"}}
}

func started(t *testing.T) *peer {
	t.Helper()
	f := fake(t)
	p, err := startPeer(t.Context(), f.command, f.environment)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

func kind(name string) request {
	return request{Do: "prepare", Params: map[string]any{"kind": name}}
}

const patient = time.Minute

func TestPeerWorks(t *testing.T) {
	p := started(t)
	prepared, err := p.ask(kind("good"), patient)
	if err != nil {
		t.Fatal(err)
	}
	if prepared.Note != "ready" || prepared.Versions["fake"] != "1.0" || prepared.Versions["Python"] == "" {
		t.Errorf("prepared: %+v", prepared)
	}
	got, err := p.ask(request{Do: "run", N: 4}, patient)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reply{Seconds: 2, Items: 40, Note: "did 4"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if peak, err := p.peak(); err != nil || peak < 1<<20 {
		t.Errorf("the process used %v bytes, %v", peak, err)
	}
	if cpu, err := p.cpu(); err != nil || cpu <= 0 {
		t.Errorf("the process used %v seconds, %v", cpu, err)
	}
}

// What fails is told by its own message, and the peer goes on.
func TestPeerSaysWhatFails(t *testing.T) {
	p := started(t)
	for _, c := range []struct{ kind, want string }{{"refused", "ValueError: no such thing"}, {"breaks", "RuntimeError: broken"}} {
		_, err := p.ask(kind(c.kind), patient)
		if err == nil {
			_, err = p.ask(request{Do: "run", N: 1}, patient)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, not %q", c.kind, err, c.want)
		}
	}
	if _, err := p.ask(kind("good"), patient); err != nil {
		t.Errorf("after a failure: %v", err)
	}
}

func TestPeerDies(t *testing.T) {
	p := started(t)
	if _, err := p.ask(kind("dies"), patient); err != nil {
		t.Fatal(err)
	}
	if _, err := p.ask(request{Do: "run", N: 1}, patient); err == nil || err.Error() != "the process ended: out of memory" {
		t.Errorf("it died of %v", err)
	}
}

func TestPeerIsNotWaitedForForEver(t *testing.T) {
	p := started(t)
	if _, err := p.ask(kind("sleeps"), patient); err != nil {
		t.Fatal(err)
	}
	if _, err := p.ask(request{Do: "run", N: 1}, 100*time.Millisecond); err == nil || err.Error() != "took longer than 100ms" {
		t.Errorf("it ended with %v", err)
	}
}

// Our side speaks the same protocol.
func TestServe(t *testing.T) {
	in := `{"do":"run","n":1}
{"do":"prepare","work":"wrong"}
{"do":"prepare","work":"right","params":{"a":1}}
{"do":"run","n":3}
`
	var out bytes.Buffer
	err := serve(strings.NewReader(in), &out, func(name string, params map[string]any) (work, reply, error) {
		if name != "right" {
			return nil, reply{}, io.ErrUnexpectedEOF
		}
		return func(n int) (reply, error) { return reply{Seconds: 1, Items: float64(n) * params["a"].(float64)}, nil }, reply{Note: "x"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"error":"nothing is prepared that could \"run\""}
{"error":"unexpected EOF"}
{"note":"x"}
{"seconds":1,"items":3}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A race goes on without those that are missing or fail.
func TestRace(t *testing.T) {
	f := fake(t)
	l := &lab{options: options{rounds: 2}, log: io.Discard, versions: map[string]string{}}
	named := func(name, kind string) contender {
		return contender{Name: name, Start: f, Params: map[string]any{"kind": kind}}
	}
	results, err := race{
		workload: "w", unit: "s", seconds: true, slice: 4 * time.Second,
		contenders: []contender{
			named("good", "good"), named("breaks", "breaks"), named("dies", "dies"), named("left out", "good"),
			{Name: "missing", Start: program{missing: os.ErrNotExist}},
		},
		scenarios: []scenario{{Name: "c", Skip: func(name string) bool { return name == "left out" }}},
	}.run(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	want := []result{{Workload: "w", Case: "c", Unit: "s", Better: less, Rows: []row{
		{Contender: "good", Samples: []float64{0.05, 0.05}, Note: "did 8"}, // 0.5 s each, as often as fit into 4 s
		{Contender: "breaks", Failed: "first time: RuntimeError: broken"},
		{Contender: "dies", Failed: "first time: the process ended: out of memory"},
		{Contender: "missing", Failed: "file does not exist"},
	}}}
	ignore := cmpopts.IgnoreFields(row{}, "Note")
	if diff := cmp.Diff(want, results, ignore); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if note := results[0].Rows[0].Note; note != "did 8" {
		t.Errorf("the good one says %q", note)
	}
	if l.versions["fake"] != "1.0" {
		t.Errorf("versions: %v", l.versions)
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"--rounds", "-1"}, {"--device", "tpu"}, {"surplus"}, {"--only", "("}, {"--unknown"}} {
		var stderr bytes.Buffer
		if code := execute(t.Context(), args, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%v: exit code %d, %q", args, code, &stderr)
		}
	}
	o, err := parse([]string{"--quick", "--only", "step|knn"}, io.Discard)
	if err != nil || o.rounds != 3 || o.only.String() == everything || !o.only.MatchString("knn") || o.only.MatchString("steps") {
		t.Errorf("%+v, %v", o, err)
	}
	// A slip of the pen is told before anything is installed.
	if _, err := parse([]string{"--only", "stepp"}, io.Discard); err == nil || !strings.Contains(err.Error(), "--only stepp chooses no workload; there are step, transformer, simclr, rotation,") {
		t.Errorf("error %v for a workload that is not there", err)
	}
	if o, err := parse(nil, io.Discard); err != nil || o.rounds != 5 || o.only.String() != everything {
		t.Errorf("without flags: %+v, %v", o, err)
	}
}
