package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/fetch"
)

// Watch is told how Prepare gets on, from several goroutines; either function may
// be nil.
type Watch struct {
	Report func(done, total int64, note string) // what is being done
	Logf   func(format string, args ...any)     // what a person should know of
	Redact func(text string) string             // hides what must not be stored of an address
}

// Prepare gets a source and writes it to the folder dst as the package comment
// describes. Downloads is a folder that is shared between runs and processes.
// The same source gives the same bytes, on every machine, for images with the same
// build of TensorFlow. Interrupted, Prepare leaves a folder that Open refuses and that a
// further call overwrites.
func Prepare(ctx context.Context, s Source, downloads, dst string, w Watch) (*artifact.DatasetMeta, error) {
	if w.Report == nil {
		w.Report = func(int64, int64, string) {}
	}
	if w.Logf == nil {
		w.Logf = func(string, ...any) {}
	}
	if w.Redact == nil {
		w.Redact = func(text string) string { return text }
	}
	s, known, err := s.complete()
	if err != nil {
		return nil, fmt.Errorf("prepare data set: %w", err)
	}
	p := preparation{ctx: ctx, source: s, known: known, downloads: downloads, dst: dst, report: w.Report, logf: w.Logf, redact: w.Redact}
	if s.Name == "" {
		p.known.Name = p.base()
	}
	meta, err := p.run()
	if err != nil {
		return nil, fmt.Errorf("prepare data set %s: %w", p.known.Name, err)
	}
	return meta, nil
}

// preparation is one call of Prepare.
type preparation struct {
	ctx            context.Context
	source         Source
	known          KnownSet
	downloads, dst string
	report         func(done, total int64, note string)
	logf           func(format string, args ...any)
	origin         string // where the images came from, for the description
	redact         func(string) string
}

func (p *preparation) run() (meta *artifact.DatasetMeta, err error) {
	if err := os.MkdirAll(p.dst, 0o755); err != nil {
		return nil, err
	}
	if err := os.Remove(filepath.Join(p.dst, metaFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	t, err := p.files()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if p.source.IsText() {
		return p.texts(t)
	}
	return p.images(t)
}

// images lists, picks, decodes and stores images.
func (p *preparation) images(t tree) (meta *artifact.DatasetMeta, err error) {
	c, err := findLayout(p.source.Layout).catalogue(p.opener(), t)
	defer func() { err = errors.Join(err, c.Close()) }()
	if err != nil {
		return nil, fmt.Errorf("layout %s: %w", p.source.Layout, err)
	}
	picked, err := choose(c, p.known, p.source)
	if err != nil {
		return nil, err
	}
	return p.store(c, picked)
}

func (p *preparation) opener() opener {
	return opener{ctx: p.ctx, scratch: p.dst, limits: defaultLimits, report: func(done, total int64) {
		p.report(done, total, "unpacking")
	}}
}

// files returns the data set's files, downloading them if need be.
func (p *preparation) files() (tree, error) {
	s := p.source
	switch {
	case s.Path != "":
		return p.local()
	case p.known.Embedded != nil:
		p.origin = "carried by the program"
		return newFolder(p.known.Embedded, nil)
	case s.URL != "":
		p.origin = fetch.Address(s.URL)
		return p.fetch(filepath.Join(p.downloads, strings.ToLower(s.SHA256[:16])), []fetch.File{{URL: s.URL, SHA256: s.SHA256}})
	}
	p.origin = p.known.Files[0].URL
	return p.fetch(filepath.Join(p.downloads, p.known.Name), p.known.Files)
}

// local opens a file or folder on this machine.
func (p *preparation) local() (tree, error) {
	s := p.source
	info, err := os.Stat(s.Path)
	if err != nil {
		return nil, err
	}
	p.origin = "folder " + p.base()
	if info.IsDir() {
		if s.SHA256 != "" {
			return nil, fmt.Errorf("%s is a folder: a sha256 belongs to an archive", s.Path)
		}
		return p.open(s.Path)
	}
	digest, err := fetch.SHA256(p.ctx, s.Path, nil)
	if err != nil {
		return nil, err
	}
	if s.SHA256 != "" && !strings.EqualFold(digest, s.SHA256) {
		return nil, fmt.Errorf("%s has sha256 %s, not %s", s.Path, digest, s.SHA256)
	}
	p.origin = fmt.Sprintf("file %s, sha256 %s", p.base(), digest)
	return p.open(s.Path)
}

// open opens a folder or archive, or a file of text.
func (p *preparation) open(name string) (tree, error) {
	folder, base := filepath.Split(name)
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && p.source.IsText() && isTextual(base) {
		return &folderTree{fsys: os.DirFS(cmp.Or(folder, ".")), sorted: []string{base}}, nil
	}
	return p.opener().open(name)
}

// fetch downloads files into a folder and opens the archive, or the folder where
// there are several.
func (p *preparation) fetch(folder string, files []fetch.File) (tree, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		name, err := fileName(f.URL)
		if err != nil {
			return nil, err
		}
		if p.secret(f.URL) {
			name = openName(name)
		}
		names = append(names, name)
		fetcher := fetch.Fetcher{Retrying: func(err error, wait time.Duration) {
			p.logf("%s: %v; asking again in %s", name, err, wait.Round(time.Second/10))
		}}
		err = fetcher.Fetch(p.ctx, f, filepath.Join(folder, name), func(done, total int64) {
			p.report(done, total, "downloading "+name)
		})
		if err != nil {
			return nil, err
		}
	}
	if len(names) == 1 {
		return p.open(filepath.Join(folder, names[0]))
	}
	slices.Sort(names)
	return &folderTree{fsys: os.DirFS(folder), sorted: names}, nil
}

// fileName is the last part of an address's path.
func fileName(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	name := path.Base(u.Path)
	if (u.Scheme != "http" && u.Scheme != "https") || name == "." || name == "/" || name == ".." {
		return "", fmt.Errorf("%q is no http or https address of a file", fetch.Address(address))
	}
	if len(name) > longName || !printable(name) {
		return "", fmt.Errorf("%q ends in a name that no file should have", fetch.Address(address))
	}
	return name, nil
}
