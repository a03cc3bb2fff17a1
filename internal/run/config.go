package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sslpipe/internal/plan"
	"sslpipe/internal/seal"
)

// Config is config.json of a run's folder: the plan with every default filled in.
type Config struct {
	Pipeline    string       `json:"pipeline"`
	Path        string       `json:"path"` // of the pipeline, as it was given
	Description string       `json:"description,omitempty"`
	Seeds       int          `json:"seeds"`
	Device      string       `json:"device"`
	Cores       int          `json:"cores"`
	Units       []ConfigUnit `json:"units"`
}

// ConfigUnit is a unit of a run.
type ConfigUnit struct {
	Address     string              `json:"address"`
	Coord       plan.Coord          `json:"coord,omitempty"`
	Fingerprint string              `json:"fingerprint"`
	Threads     int                 `json:"threads"`
	Inputs      map[string][]string `json:"inputs,omitempty"` // addresses of outputs, by field
	// Recipe is what Fingerprint is the hash of: kind, configuration, inputs.
	Recipe json.RawMessage `json:"recipe"`
}

// StageAddress is the address of the unit's stage.
func (u ConfigUnit) StageAddress() string {
	return strings.TrimSuffix(u.Address, "["+u.Coord.String()+"]")
}

// Encode is the text of [ConfigFile].
func (c *Config) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, err
	}
	return seal.Seal(append(text, '\n')), nil
}

// ReadConfig reads config.json of a run's folder. The error is [fs.ErrNotExist]
// where there is none.
func ReadConfig(dir string) (*Config, error) {
	path := filepath.Join(dir, ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := decodeConfig(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return c, nil
}

func decodeConfig(text []byte) (*Config, error) {
	if err := seal.Check(text); err != nil {
		return nil, err
	}
	c := new(Config)
	return c, json.Unmarshal(text, c)
}

// Begun tells whether a run wrote any event: whatever it reads, its configuration
// was on the disk before that.
func Begun(dir string) (bool, error) {
	info, err := os.Stat(filepath.Join(dir, eventsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Size() > 0, err
}

// tailBytes is more than the last line of a run's events takes.
const tailBytes = 1 << 16

// LastSign tells when a run wrote its last event, and whether that was its end: a
// run that was killed never ends. One without events has just been begun.
func LastSign(dir string) (at time.Time, ended bool, err error) {
	f, err := os.Open(filepath.Join(dir, eventsFile))
	if errors.Is(err, fs.ErrNotExist) {
		info, err := os.Stat(dir)
		if err != nil {
			return time.Time{}, false, err
		}
		return info.ModTime(), false, nil
	}
	if err != nil {
		return time.Time{}, false, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	if err != nil {
		return time.Time{}, false, err
	}
	tail := make([]byte, min(info.Size(), tailBytes))
	n, err := f.ReadAt(tail, info.Size()-int64(len(tail)))
	if err != nil && !errors.Is(err, io.EOF) {
		return time.Time{}, false, err
	}
	lines := bytes.Split(bytes.TrimRight(tail[:n], "\n"), []byte("\n"))
	var last Event
	if json.Unmarshal(lines[len(lines)-1], &last) != nil {
		return info.ModTime(), false, nil // it is being written, or was cut short
	}
	return last.Time, last.Type == RunFinished, nil
}
