package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// settings are how a person wants the program to work, as opposed to what an
// experiment is. None of them changes a result's identity but device. They come
// from flags, else SSLPIPE_ variables, else sslpipe.yaml in the working folder
// or the user's configuration folder.
type settings struct {
	Device string `mapstructure:"device"`
	Jobs   int    `mapstructure:"jobs"`
	State  string `mapstructure:"state"`
	Models string `mapstructure:"models"`
	// CheckpointEvery is how much work a kill may cost.
	CheckpointEvery time.Duration `mapstructure:"checkpoint-every"`
	GPUUnits        int           `mapstructure:"gpu-units"`
	// Memory bounds what units need at once, as 8GiB; empty is a share of what is
	// free.
	Memory string `mapstructure:"memory"`
	// Lock is whether a run writes a lock file beside its pipeline.
	Lock bool `mapstructure:"lock"`
	// Store is where results are shared, as [remote.Parse] reads it; empty is what the
	// pipeline says, noStore is nowhere.
	Store string `mapstructure:"store"`

	memory int64 // bytes
	source *viper.Viper
}

func newSettings() *settings {
	v := viper.NewWithOptions(viper.EnvKeyReplacer(strings.NewReplacer("-", "_")))
	v.SetEnvPrefix("SSLPIPE")
	v.AutomaticEnv()
	// Not SetConfigName: it would take the launcher, which has the same name, for
	// a settings file.
	if file := settingsFile(); file != "" {
		v.SetConfigFile(file)
	}
	return &settings{source: v}
}

// devices are the values of the setting.
var devices = []string{"auto", "cpu", "gpu"}

// settingsFile returns the first settings file that exists, or "".
func settingsFile() string {
	files := []string{"sslpipe.yaml"}
	if dir, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(dir, "sslpipe", "sslpipe.yaml"))
	}
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			return f
		}
	}
	return ""
}

func (s *settings) addFlags(flags *pflag.FlagSet) {
	flags.String("device", "auto", "where to compute: auto, cpu or gpu")
	flags.Int("jobs", runtime.NumCPU(), "CPU threads to keep busy; does not change results")
	flags.String("state", ".sslpipe", "folder of the cache and the runs")
	flags.String("models", "savedmodels", "folder to publish SavedModels in")
	flags.Int("gpu-units", 1, "units that compute on a GPU at once; does not change results")
	flags.String("memory", "", "memory for all units at once, such as 8GiB; does not change results (default 80 % of what is free)")
	flags.String("store", "", "where results are shared: s3://BUCKET/PREFIX, file:///FOLDER, or none (default what the pipeline says)")
	flags.Bool("lock", true, "write PIPELINE.lock.hcl after a run of the whole pipeline")
	flags.Duration("checkpoint-every", 15*time.Second, "time between checkpoints; does not change results")
}

// load reads the settings once the flags are parsed.
func (s *settings) load(flags *pflag.FlagSet) error {
	for _, name := range []string{"device", "jobs", "state", "models", "checkpoint-every", "gpu-units", "memory", "lock", "store"} {
		if err := s.source.BindPFlag(name, flags.Lookup(name)); err != nil {
			return err
		}
	}
	if s.source.ConfigFileUsed() != "" {
		if err := s.source.ReadInConfig(); err != nil {
			return fmt.Errorf("read settings %s: %w", s.source.ConfigFileUsed(), err)
		}
	}
	if err := s.source.UnmarshalExact(s); err != nil {
		return fmt.Errorf("read settings %s: %w", s.source.ConfigFileUsed(), err)
	}
	if !slices.Contains(devices, s.Device) {
		return fmt.Errorf("there is no device %q: use %s", s.Device, strings.Join(devices, ", "))
	}
	if s.Jobs < 1 {
		return fmt.Errorf("jobs must be at least 1, not %d", s.Jobs)
	}
	if s.GPUUnits < 1 {
		return fmt.Errorf("gpu-units must be at least 1, not %d", s.GPUUnits)
	}
	if s.CheckpointEvery < 0 {
		return fmt.Errorf("checkpoint-every must be 0s or more, not %s", s.CheckpointEvery)
	}
	if _, err := s.location(); err != nil {
		return err
	}
	var err error
	s.memory, err = parseMemory(s.Memory)
	return err
}
