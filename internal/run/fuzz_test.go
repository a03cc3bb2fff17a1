package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslpipe/internal/plan"
)

// Whatever the files of a run's folder hold, the commands that look at earlier runs
// get an answer, or an error that names the file.
func FuzzRunFolder(f *testing.F) {
	const config = `{"pipeline":"x","path":"x.hcl","seeds":1,"device":"cpu","cores":2,` +
		`"units":[{"address":"download.d","fingerprint":"a","threads":1,"recipe":{"kind":"download"}}]}`
	const events = `{"time":"2026-01-02T03:04:05Z","type":"run_started","counts":{"units":1,"cached":0,"executed":0,"remaining":1}}
{"time":"2026-01-02T03:04:05Z","type":"progress","unit":"download.d","progress":{"step":1,"total":2,"values":{"loss":"NaN"}}}
{"time":"2026-01-02T03:04:06Z","type":"unit_failed","unit":"download.d","seconds":1,"error":"no"}
{"time":"2026-01-02T03:04:07Z","type":"run_finished","seconds":2,"counts":{"units":1},"error":"no"}
`
	f.Add([]byte(config), []byte(events))
	f.Add([]byte(config), []byte(events[:len(events)-20]))
	f.Add([]byte(`null`), []byte("\n\n{}\nnull\n"))
	f.Add([]byte(`{"units":null}`), []byte{})
	f.Fuzz(func(t *testing.T, config, events []byte) {
		runs := t.TempDir()
		dir := filepath.Join(runs, "20260102T030405Z-x")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{ConfigFile: config, eventsFile: events, ReplayFile: config} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ReadConfig(dir); err != nil && !strings.Contains(err.Error(), ConfigFile) {
			t.Errorf("config: %v", err)
		}
		if _, err := ReadSources(dir); err != nil && !strings.Contains(err.Error(), ReplayFile) {
			t.Errorf("sources: %v", err)
		}
		if _, _, err := LastSign(dir); err != nil {
			t.Errorf("last sign: %v", err)
		}
		past, err := History(runs)
		if err != nil || len(past) != 1 || past[0].Pipeline != "x" {
			t.Errorf("history: %+v, %v", past, err)
		}
		p := &plan.Plan{Units: []*plan.Unit{{Address: "download.d", Fingerprint: "a"}}}
		p.Pipeline.Name = "x"
		for run := range Earlier(runs, p) {
			if len(run.Units) > 1 {
				t.Errorf("earlier units: %v", run.Units)
			}
		}
	})
}
