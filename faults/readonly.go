package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var readonly = Scenario{
	Name: "readonly",
	Doc:  "Folders that cannot be written, and files where folders should be.",
	Run:  runReadonly,
}

// unwritable are the folders that a run writes to, with what must not have begun by
// the time that it says so.
var unwritable = []struct{ folder, before string }{
	{".", "download.images"},
	{".sslpipe", "download.images"},
	{".sslpipe/cache", "download.images"},
	{".sslpipe/work", "download.images"},
	{".sslpipe/runs", "download.images"},
	{".sslpipe/downloads", "augment.views"},
	{"savedmodels", "download.images"},
}

func runReadonly(ctx context.Context, lab *Lab, tally *Tally) error {
	if out, err := exec.CommandContext(ctx, "unshare", "-m", "mount", "--bind", "/tmp", "/tmp").CombinedOutput(); err != nil {
		tally.Skip(fmt.Sprintf("needs the right to mount: %v %s", err, out))
		return nil
	}
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	p, err := lab.Project(ctx, "readonly")
	if err != nil {
		return err
	}
	for _, u := range unwritable {
		for _, refuse := range []func(context.Context, string, string) error{p.refusesReadOnly, p.refusesFile} {
			if err := refuse(ctx, u.folder, u.before); err != nil {
				tally.Lost("%s: %v", u.folder, err)
			} else {
				tally.Survived()
			}
		}
	}
	err = p.recover(ctx, whole)
	if err == nil {
		err = p.readsOnly(ctx, whole)
	}
	tally.Judge(p, "a run after all that, and one from a cache that cannot be written", err)
	return nil
}

// readOnlyRun runs the pipeline while nobody may write to a folder.
func (p *Project) readOnlyRun(ctx context.Context, folder string) Outcome {
	const script = `mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$PWD" && shift && exec "$@"`
	args := append([]string{"-m", "sh", "-c", script, "sh", filepath.Join(p.Dir, folder), p.lab.Program}, runArgs("--jobs", "1")...)
	cmd := exec.CommandContext(ctx, "unshare", args...)
	cmd.Dir, cmd.Env = p.Dir, p.environment()
	return finish(cmd)
}

// refusesReadOnly checks that a run fails early and names the folder.
func (p *Project) refusesReadOnly(ctx context.Context, folder, before string) error {
	dir := filepath.Join(p.Dir, folder)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return p.refuses(p.readOnlyRun(ctx, folder), folder, "read-only file system", before)
}

// refusesFile checks the same of a file in the folder's place.
func (p *Project) refusesFile(ctx context.Context, folder, before string) error {
	if folder == "." {
		return nil
	}
	dir := filepath.Join(p.Dir, folder)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.WriteFile(dir, nil, 0o666); err != nil {
		return err
	}
	o := p.Run(ctx)
	if err := os.Remove(dir); err != nil {
		return err
	}
	return p.refuses(o, folder, "not a directory", before)
}

func (p *Project) refuses(o Outcome, folder, why, before string) error {
	if err := o.says(1, why, strings.TrimPrefix(folder, ".")); err != nil {
		return err
	}
	if strings.Contains(o.Stderr, before+" finished") || strings.Contains(o.Stderr, "pretrain.turns") {
		return fmt.Errorf("too late, after %s:\n%s", before, o.Stderr)
	}
	return nil
}

// readsOnly runs what is wholly stored in a cache that cannot be written.
func (p *Project) readsOnly(ctx context.Context, want Digests) error {
	o := p.readOnlyRun(ctx, ".sslpipe/cache")
	if o.Code == 0 && o.Stdout != want["the printed table"] {
		return fmt.Errorf("another table:\n%s", o.Stdout)
	}
	return o.says(0)
}
