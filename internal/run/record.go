package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"sslpipe/internal/durable"
	"sslpipe/internal/filelock"
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
	dir    string
	sink   func(Event)
	redact func(string) string // hides what is sensitive

	mu             sync.Mutex // events and values are nil until the folder is there
	events, values *os.File
	err            error
}

// begin makes the folder, and marks it as that of a living run.
func (rec *recorder) begin(p *plan.Plan, o Options) (mark *filelock.Lock, err error) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.dir, err = makeRunDir(o.RunsDir, p.Pipeline.Name); err != nil {
		return nil, err
	}
	path := filepath.Join(rec.dir, eventsFile)
	if rec.events, err = os.Create(path); err != nil {
		return nil, err
	}
	if rec.values, err = os.Create(filepath.Join(rec.dir, "metrics.jsonl")); err != nil {
		return nil, err
	}
	if err := rec.writeConfig(p, o); err != nil {
		return nil, err
	}
	return filelock.Mark(path)
}

// Alive tells whether a process is at work on the run of a folder, or still reads
// its results.
func Alive(dir string) (bool, error) { return filelock.IsHeld(filepath.Join(dir, eventsFile)) }

// FolderTime is the layout of the time, in UTC, that the name of a run's folder
// begins with; a point and a number may follow it.
const FolderTime = "20060102T150405Z"

// makeRunDir makes <time>-<pipeline>. The names are in the order in which runs begin.
func makeRunDir(runs, pipeline string) (string, error) {
	if err := os.MkdirAll(runs, 0o777); err != nil {
		return "", err
	}
	for {
		begin, err := beginning(runs, time.Now().UTC())
		if err != nil {
			return "", err
		}
		dir := filepath.Join(runs, begin+"-"+pipeline)
		if err := os.Mkdir(dir, 0o777); !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

// beginning returns what the name of a run's folder begins with: the time or, where
// the newest run has this time or a later one, since a clock was set back, the
// next name after it.
func beginning(runs string, now time.Time) (string, error) {
	folders, err := os.ReadDir(runs)
	if err != nil {
		return "", err
	}
	last := ""
	for _, f := range folders {
		begin, _, _ := strings.Cut(f.Name(), "-")
		if _, err := time.Parse(FolderTime, strings.TrimRight(begin, ".123456789")); err == nil {
			last = max(last, begin)
		}
	}
	stamp := now.Format(FolderTime)
	if stamp > last {
		return stamp, nil
	}
	stamp, number, _ := strings.Cut(last, ".")
	n, _ := strconv.Atoi(number)
	if n < 9 { // of one digit, to be in order
		return fmt.Sprintf("%s.%d", stamp, max(n, 1)+1), nil
	}
	at, err := time.Parse(FolderTime, stamp)
	return at.Add(time.Second).Format(FolderTime), err
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
	// On the disk before anything is read: it keeps what the run reads.
	if err := durable.WriteFile(filepath.Join(rec.dir, ConfigFile), text); err != nil {
		return err
	}
	return writeSources(rec.dir, p.Sources())
}

func (rec *recorder) emit(e Event) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	e.Time = time.Now().UTC()
	e.Message, e.Error = rec.redact(e.Message), rec.redact(e.Error)
	if e.Progress != nil && e.Progress.Note != "" {
		p := *e.Progress
		p.Note = rec.redact(p.Note)
		e.Progress = &p
	}
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
	if f == nil {
		return
	}
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
	err := rec.err
	for _, f := range []*os.File{rec.events, rec.values} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}
