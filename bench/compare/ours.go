package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"sslpipe/bench/training"
	"sslpipe/internal/tf"
	"sslpipe/internal/tfruntime"
)

// ours are the works that this program does itself, by name. Like the peers', they
// are functions from parameters to something prepared.
var ours = map[string]func(p params) (work, error){
	"arithmetic": oursArithmetic,
	"augment":    oursAugment,
	"classify":   oursClassify,
	"decode":     oursDecode,
	"epoch":      oursEpoch,
	"export":     oursExport,
	"inference":  oursInference,
	"limit":      oursLimit,
	"outside":    oursOutside,
	"step":       oursStep,
	"traffic":    oursTraffic,
}

// params are what our works are told; each reads what it needs.
type params struct {
	training.Config
	Units   int `json:"units"`   // side by side, each with Config's threads
	Workers int `json:"workers"` // that train a unit together; 0 is the program alone

	Task string      `json:"task"` // pretrain stage of epoch.hcl
	Real realProgram `json:"real"`

	Data     string `json:"data"`     // folder that is read: a stored data set, or files
	Into     string `json:"into"`     // folder that is written
	Features string `json:"features"` // folder of features
	Model    string `json:"model"`    // folder of a SavedModel
	Method   string `json:"method"`   // of several that a work has
	Width    int    `json:"width"`    // of features
	Examples int    `json:"examples"` // to fit to
}

// prepareOurs serves our side of the workloads.
func prepareOurs(name string, given map[string]any) (work, reply, error) {
	prepare, ok := ours[name]
	if !ok {
		return nil, reply{}, fmt.Errorf("there is no work %q", name)
	}
	var p params
	text, err := json.Marshal(given)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return nil, reply{}, err
	}
	if err := loadRuntime(p.Device); err != nil {
		return nil, reply{}, err
	}
	w, err := prepare(p)
	return w, reply{Versions: map[string]string{"sslpipe's TensorFlow": tf.Version()}}, err
}

func loadRuntime(device string) error {
	kind := tfruntime.CPU
	if device == "gpu" {
		kind = tfruntime.GPU
	}
	dir, err := tfruntime.Find(".deps", kind)
	if err != nil {
		return err
	}
	return tf.Load(dir)
}

// sideBySide does the work of several units at once, as the runner does.
func sideBySide(units []work) work {
	return func(n int) (reply, error) {
		replies, errs := make([]reply, len(units)), make([]error, len(units))
		var wg sync.WaitGroup
		for i, unit := range units {
			wg.Go(func() { replies[i], errs[i] = unit(n) })
		}
		wg.Wait()
		var all reply
		for _, r := range replies {
			all.Items += r.Items
			all.Seconds = max(all.Seconds, r.Seconds)
		}
		i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
		if i >= 0 {
			return all, errs[i]
		}
		return all, nil
	}
}
