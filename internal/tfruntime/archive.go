package tfruntime

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"sslpipe/internal/fetch"
)

// unpinnedNote is shown whenever the archive is used.
const unpinnedNote = "there is no pip here, so this uses the official C archive, %s. " +
	"No digest of that archive is pinned: it is trusted because its publisher's server sent it over HTTPS. " +
	"Its length, its checksums, and the symbols and the version of its library are checked. " +
	"To have a pinned one, install pip first (Debian, Ubuntu: apt-get install python3-pip)."

// stageArchive is the way for machines without pip. An archive that fails a
// check is deleted.
func (i installer) stageArchive(ctx context.Context, staged string) (used []string, err error) {
	a := i.pin.archive
	i.report(Progress{Step: StepNote, Note: fmt.Sprintf(unpinnedNote, a.url)})
	file := path.Base(a.url)
	local := filepath.Join(i.downloads(), file)
	if err := i.fetcher.Fetch(ctx, fetch.File{URL: a.url, Unpinned: true}, local, func(done, total int64) {
		i.report(Progress{Step: StepDownload, File: file, Done: done, Total: total})
	}); err != nil {
		return nil, err
	}
	if err := i.unpackArchive(ctx, local, staged); err != nil {
		if ctx.Err() == nil {
			err = errors.Join(fmt.Errorf("refused %s: %w", file, err), os.Remove(local))
		}
		return nil, err
	}
	return []string{local}, nil
}

func (i installer) unpackArchive(ctx context.Context, local, staged string) error {
	sum, err := fetch.SHA256(ctx, local, nil)
	if err != nil {
		return err
	}
	a := i.pin.archive
	m := manifest{TensorFlow: Version, Device: i.pin.device, Sources: []string{a.url + " sha256:" + sum}}
	if err := i.unpack(staged, m, a.required, func(u *unpacker) error {
		u.report = i.unpacking(local)
		return u.tarball(ctx, local, fromArchive)
	}); err != nil {
		return err
	}
	return checkLibrary(filepath.Join(staged, "tensorflow"), "libtensorflow.so.2")
}

const framework = "libtensorflow_framework.so.2"

// checkLibrary checks, without running any of it, that a shared library is for
// this kind of machine, defines TensorFlow's C functions and depends on the
// framework beside it, and that one of the two holds the text of Version.
func checkLibrary(dir, library string) error {
	lib, err := elf.Open(filepath.Join(dir, library))
	if err != nil {
		return fmt.Errorf("%s: %w", library, err)
	}
	defer func() { _ = lib.Close() }()
	if lib.Machine != elf.EM_X86_64 || lib.Type != elf.ET_DYN {
		return fmt.Errorf("%s is a %s file for %s, not a shared library for x86-64", library, lib.Type, lib.Machine)
	}
	needed, err := lib.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", library, err)
	}
	if !slices.Contains(needed, framework) {
		return fmt.Errorf("%s does not depend on %s", library, framework)
	}
	if err := definesSymbols(lib, "TF_Version", "TF_NewGraph", "TF_SessionRun"); err != nil {
		return fmt.Errorf("%s: %w", library, err)
	}
	for _, name := range []string{library, framework} {
		found, err := mentions(filepath.Join(dir, name), Version+"\x00")
		if err != nil || found {
			return err
		}
	}
	return fmt.Errorf("%s is not TensorFlow %s", library, Version)
}

// definesSymbols checks that a library defines all of the names.
func definesSymbols(lib *elf.File, names ...string) error {
	symbols, err := lib.DynamicSymbols()
	if err != nil {
		return err
	}
	defined := map[string]bool{}
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF {
			defined[s.Name] = true
		}
	}
	for _, name := range names {
		if !defined[name] {
			return fmt.Errorf("does not define %s", name)
		}
	}
	return nil
}

// mentions reports whether a file contains a text.
func mentions(path, text string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	buffer := make([]byte, 1<<20)
	for kept := 0; ; {
		n, err := f.Read(buffer[kept:])
		window := buffer[:kept+n]
		if bytes.Contains(window, []byte(text)) {
			return true, nil
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		// The text may lie across two reads.
		kept = copy(buffer, window[max(0, len(window)-len(text)+1):])
	}
}
