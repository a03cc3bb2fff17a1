package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sslpipe/internal/plan"
)

// Files of a run's folder.
const (
	eventsFile = "events.jsonl" // its events, one a line
	// ConfigFile is a [Config].
	ConfigFile = "config.json"
)

// recorder writes a run's folder and hands its events on, one at a time. A folder
// that can no longer be written does not stop the units; the first error is told
// when the recorder is closed.
type recorder struct {
	dir  string
	sink func(Event)

	mu             sync.Mutex
	events, values *os.File
	err            error
}

func newRecorder(p *plan.Plan, o Options) (*recorder, error) {
	dir, err := makeRunDir(o.RunsDir, p.Pipeline.Name)
	if err != nil {
		return nil, err
	}
	rec := &recorder{dir: dir, sink: o.Sink}
	if err := rec.writeConfig(p, o); err != nil {
		return nil, err
	}
	if rec.events, err = os.Create(filepath.Join(dir, eventsFile)); err != nil {
		return nil, err
	}
	if rec.values, err = os.Create(filepath.Join(dir, "metrics.jsonl")); err != nil {
		return nil, errors.Join(err, rec.events.Close())
	}
	return rec, nil
}

// FolderTime is the layout of the time, in UTC, that the name of a run's folder
// begins with; a point and a number may follow it.
const FolderTime = "20060102T150405Z"

// makeRunDir makes <time>-<pipeline>, with a number after the time where several
// runs of a pipeline begin in one second.
func makeRunDir(runs, pipeline string) (string, error) {
	if err := os.MkdirAll(runs, 0o777); err != nil {
		return "", err
	}
	stamp := time.Now().UTC().Format(FolderTime)
	for n := 1; ; n++ {
		start := stamp
		if n > 1 {
			start = fmt.Sprintf("%s.%d", stamp, n)
		}
		dir := filepath.Join(runs, start+"-"+pipeline)
		if err := os.Mkdir(dir, 0o777); !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

func (rec *recorder) writeConfig(p *plan.Plan, o Options) error {
	c := Config{Pipeline: p.Pipeline.Name, Path: p.Pipeline.Path, Description: p.Pipeline.Description,
		Seeds: p.Pipeline.Seeds, Device: o.Device, Cores: o.Cores}
	for _, u := range p.Units {
		inputs := make(map[string][]string, len(u.Inputs))
		for field, units := range u.Inputs {
			for i, in := range units {
				inputs[field] = append(inputs[field], in.Address+"."+u.InputOutputs[field][i])
			}
		}
		c.Units = append(c.Units, ConfigUnit{Address: u.Address, Coord: u.Coord, Fingerprint: u.Fingerprint,
			Threads: u.Threads, Inputs: inputs, Recipe: u.Recipe})
	}
	text, err := c.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(rec.dir, ConfigFile), text, 0o666); err != nil {
		return err
	}
	return writeSources(rec.dir, p.Sources())
}

func (rec *recorder) emit(e Event) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	e.Time = time.Now().UTC()
	rec.write(rec.events, e)
	if rec.sink != nil {
		rec.sink(e)
	}
}

func (rec *recorder) metrics(m metricsRecord) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.write(rec.values, m)
}

func (rec *recorder) write(f *os.File, record any) {
	line, err := json.Marshal(record)
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	if err != nil && rec.err == nil {
		rec.err = fmt.Errorf("write run folder: %w", err)
	}
}

func (rec *recorder) close() error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return errors.Join(rec.err, rec.events.Close(), rec.values.Close())
}
