package tfruntime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"

	"sslpipe/internal/durable"
	"sslpipe/internal/fetch"
)

// The steps that Progress reports.
const (
	StepWait     = "wait"     // for another process that installs
	StepDownload = "download" // Done and Total in bytes
	StepVerify   = "verify"   // Done and Total in bytes
	StepUnpack   = "unpack"   // Done and Total in bytes
	StepNote     = "note"     // Note is for a person to read
)

// Progress is a step of an installation. Done and Total are bytes of File;
// Total is 0 where nobody states it.
type Progress struct {
	Step        string
	File        string
	Done, Total int64
	Note        string
}

// Install puts the runtime for a device ("cpu" or "gpu") under root and returns
// its folder as Find does. One that is there and whole is kept, a damaged one
// is replaced. What it downloads is verified before it is unpacked, and nothing
// is visible under the final name before all of it is on the disk, so that an
// interrupted installation leaves only what the next one continues from or
// removes. Two processes may install at once: the second one waits. Report may
// be nil; it is called from one goroutine at a time, and often.
func Install(ctx context.Context, root, device string, report func(Progress)) (dir string, err error) {
	p, err := pinned(device)
	if err != nil {
		return "", err
	}
	if platform := runtime.GOOS + "/" + runtime.GOARCH; platform != "linux/amd64" {
		return "", fmt.Errorf("install the TensorFlow runtime for %s: there is none for %s, only for linux/amd64", device, platform)
	}
	if report == nil {
		report = func(Progress) {}
	}
	i := installer{
		pin: p, root: root, report: report, limits: defaultLimits,
		findPip: findPip,
		fetcher: fetch.Fetcher{
			NoLock: true, // install.lock is held
			Retrying: func(err error, wait time.Duration) {
				report(Progress{Step: StepNote, Note: fmt.Sprintf("%v; asking again in %s", err, wait.Round(time.Second/10))})
			},
		},
	}
	if dir, err = i.install(ctx); err != nil {
		return "", fmt.Errorf("install the TensorFlow runtime for %s: %w", device, err)
	}
	return dir, nil
}

// installer is one installation.
type installer struct {
	pin     pin
	root    string
	report  func(Progress)
	limits  limits
	findPip func(ctx context.Context) (command []string)
	fetcher fetch.Fetcher
}

// downloads is where verified and partial downloads wait for the end of the
// installation that needs them.
func (i installer) downloads() string { return filepath.Join(i.root, "downloads") }

// scratchPattern names the folders that hold work in progress.
const scratchPattern = ".install-*"

func (i installer) install(ctx context.Context) (_ string, err error) {
	// Before the lock, so that a root that others own and share can be used.
	if dir, err := Find(i.root, i.pin.device); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(i.downloads(), 0o755); err != nil {
		return "", err
	}
	unlock, err := i.lock(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if dir, err := Find(i.root, i.pin.device); err == nil {
		return dir, nil
	}
	if err := i.removeLeftovers(); err != nil {
		return "", err
	}
	scratch, err := os.MkdirTemp(i.root, scratchPattern)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	staged := filepath.Join(scratch, "runtime")
	if err := os.Mkdir(staged, 0o755); err != nil {
		return "", err
	}
	used, err := i.stage(ctx, scratch, staged)
	if err != nil {
		return "", err
	}
	if err := i.publish(staged, filepath.Join(scratch, "replaced")); err != nil {
		return "", err
	}
	for _, path := range used {
		if err := os.Remove(path); err != nil {
			return "", err
		}
	}
	return Find(i.root, i.pin.device)
}

// lock waits until no other process installs under root.
func (i installer) lock(ctx context.Context) (unlock func() error, err error) {
	lock := flock.New(filepath.Join(i.root, "install.lock"))
	taken, err := lock.TryLock()
	if err == nil && !taken {
		i.report(Progress{Step: StepWait, Note: "another process is installing a runtime: waiting for it"})
		_, err = lock.TryLockContext(ctx, 200*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	return lock.Unlock, nil
}

// removeLeftovers clears what killed installations left. Only the holder of the
// lock may call it.
func (i installer) removeLeftovers() error {
	left, err := filepath.Glob(filepath.Join(i.root, scratchPattern))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// stage downloads and unpacks the runtime into the folder staged and returns the
// downloads that are no longer needed once it is published.
func (i installer) stage(ctx context.Context, scratch, staged string) (used []string, err error) {
	pip := i.findPip(ctx)
	switch {
	case len(pip) > 0:
		return i.stageWheels(ctx, pip, scratch, staged)
	case i.pin.archive != nil:
		return i.stageArchive(ctx, staged)
	}
	return nil, errors.New("it is published as Python wheels, and there is no pip to fetch them (Debian, Ubuntu: apt-get install python3-pip)")
}

func (i installer) stageWheels(ctx context.Context, pip []string, scratch, staged string) (used []string, err error) {
	m := manifest{TensorFlow: Version, Device: i.pin.device, Pinned: true}
	for _, w := range i.pin.wheels {
		path, err := i.fetchWheel(ctx, pip, w, scratch)
		if err != nil {
			return nil, fmt.Errorf("fetch %s: %w", w.file, err)
		}
		used = append(used, path)
		m.Sources = append(m.Sources, w.file+" sha256:"+w.sha256)
	}
	return used, i.unpack(staged, m, i.pin.required, func(u *unpacker) error {
		for _, path := range used {
			u.report = i.unpacking(path)
			if err := u.wheel(ctx, path, fromWheel); err != nil {
				return fmt.Errorf("unpack %s: %w", filepath.Base(path), err)
			}
		}
		return nil
	})
}

// unpacking reports the unpacking of one archive.
func (i installer) unpacking(path string) func(done, total int64) {
	return func(done, total int64) {
		i.report(Progress{Step: StepUnpack, File: filepath.Base(path), Done: done, Total: total})
	}
}

// unpack fills the folder staged and ends with the manifest.
func (i installer) unpack(staged string, m manifest, required []string, fill func(*unpacker) error) (err error) {
	root, err := os.OpenRoot(staged)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	u := &unpacker{root: root, limits: i.limits}
	if err := fill(u); err != nil {
		return err
	}
	m.Files = u.files
	if missing, ok := m.has(required); !ok {
		return fmt.Errorf("what was downloaded has no %s", missing)
	}
	if err := m.write(staged); err != nil {
		return err
	}
	return u.syncFolders(staged)
}

// publish renames the staged folder to its final name. A damaged runtime in its
// place is moved aside.
func (i installer) publish(staged, aside string) error {
	final := folder(i.root, i.pin.device)
	if exists(final) {
		if err := os.Rename(final, aside); err != nil {
			return err
		}
	}
	if err := os.Rename(staged, final); err != nil {
		return err
	}
	return durable.SyncFolder(i.root)
}
