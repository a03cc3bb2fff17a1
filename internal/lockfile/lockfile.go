// Package lockfile reads, writes and compares lock files. A lock file lies beside
// a pipeline and records, for every unit of it, what it computes and which bytes
// came of it: for whoever wants to know later, or elsewhere, whether they have the
// same. The cache keeps what a lock file names.
//
// One unit is one block of lines, in the order of the addresses, and nothing at
// the top counts them, so that two branches which change different units merge.
//
// It refuses to run or to look anything up, and a file that it does not wholly
// understand. A new thing to record about a unit is an attribute in unitSchema
// and in Bytes.
package lockfile

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/durable"
	"sslpipe/internal/filelock"
)

// Suffix ends the names of lock files.
const Suffix = ".lock.hcl"

// Path is the path of the lock file of a pipeline. That of a file is beside it,
// that of a folder in it.
func Path(pipeline string) string {
	if info, err := os.Stat(pipeline); err == nil && info.IsDir() {
		name := filepath.Base(pipeline)
		if abs, err := filepath.Abs(pipeline); err == nil {
			name = filepath.Base(abs) // of "." too
		}
		return filepath.Join(pipeline, name+Suffix)
	}
	return strings.TrimSuffix(strings.TrimSuffix(pipeline, ".json"), ".hcl") + Suffix
}

// File is what a lock file holds.
type File struct {
	// Runtime is what computed: TensorFlow's version, the device, the class of the
	// machine and the kernels. It is part of every fingerprint.
	Runtime string
	Units   []Unit // sorted by address, each once
}

// Unit is what is known of a unit of work.
type Unit struct {
	Address     string
	Fingerprint string // of what it computes, and on which runtime
	Work        string // of what it computes, the same on every runtime
	Threads     int    // that it computes with, where they are several; Work has them too
	// Result is the digest of the files that came of it, in hexadecimal; that of a
	// download is the digest of the data. Empty where they are not known.
	Result string
	// Scores are the numbers that sum the result up, by name.
	Scores map[string]float64
}

// Renew returns now with the results that old knows and now does not. A result
// stays known when it is no longer stored, or was made elsewhere.
func Renew(old, now *File) *File {
	known := old.byAddress()
	next := &File{Runtime: now.Runtime, Units: slices.Clone(now.Units)}
	for i, u := range next.Units {
		if was := known[u.Address]; u.Result == "" && was.Fingerprint == u.Fingerprint {
			next.Units[i].Result, next.Units[i].Scores = was.Result, was.Scores
		}
	}
	next.sort()
	return next
}

// Keep is [Renew], but what old knows of a fingerprint stays though now says
// otherwise: the first result is the one that counts.
func Keep(old, now *File) *File {
	known := old.byAddress()
	next := Renew(old, now)
	for i, u := range next.Units {
		if was := known[u.Address]; was.Fingerprint == u.Fingerprint && was.Result != "" {
			next.Units[i].Result, next.Units[i].Scores = was.Result, was.Scores
		}
	}
	return next
}

func (f *File) sort() {
	slices.SortFunc(f.Units, func(a, b Unit) int { return cmp.Compare(a.Address, b.Address) })
}

func (f *File) byAddress() map[string]Unit {
	units := make(map[string]Unit, len(f.Units))
	for _, u := range f.Units {
		units[u.Address] = u
	}
	return units
}

// Bytes is the text of the file. The same content is the same text.
func (f *File) Bytes() []byte {
	sorted := &File{Runtime: f.Runtime, Units: slices.Clone(f.Units)}
	sorted.sort()
	file := hclwrite.NewEmptyFile()
	body := file.Body()
	body.SetAttributeValue("runtime", cty.StringVal(f.Runtime))
	for _, u := range sorted.Units {
		body.AppendNewline()
		block := body.AppendNewBlock("unit", []string{u.Address}).Body()
		u.write(block)
	}
	return append([]byte(header), hclwrite.Format(file.Bytes())...)
}

// write writes what is known. Values are texts, numbers too: every bit of them
// comes back.
func (u *Unit) write(block *hclwrite.Body) {
	set := func(name, text string) {
		if text != "" {
			block.SetAttributeValue(name, cty.StringVal(text))
		}
	}
	block.SetAttributeValue("fingerprint", cty.StringVal(u.Fingerprint))
	set("work", u.Work)
	if u.Threads > 1 {
		set("threads", strconv.Itoa(u.Threads))
	}
	set("result", u.Result)
	if len(u.Scores) > 0 {
		scores := make(map[string]cty.Value, len(u.Scores))
		for name, x := range u.Scores {
			scores[name] = cty.StringVal(strconv.FormatFloat(x, 'g', -1, 64))
		}
		block.SetAttributeValue("scores", cty.MapVal(scores))
	}
}

const header = `# Written by sslpipe run and sslpipe lock: what each unit of the pipeline computes,
# and the digest of what came of it where that is known. Commit it with the pipeline;
# sslpipe verify reruns it and compares. After a conflict, or to bring it up to date,
# run sslpipe lock.

`

// Write writes the file, which appears whole or not at all. It leaves a file alone
// that has this text already. What a killed process left beside it is removed.
func (f *File) Write(path string) (changed bool, err error) {
	text := f.Bytes()
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part")
	if old, err := os.ReadFile(path); err == nil && string(old) == string(text) {
		return false, filelock.RemoveUnmarked(part)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	mark, err := markPart(part)
	if err != nil {
		return false, err
	}
	if err = durable.WriteFile(part, text); err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return false, errors.Join(err, os.Remove(part), mark.Unlock())
	}
	return true, errors.Join(durable.SyncFolder(filepath.Dir(path)), mark.Unlock())
}

// markPart makes the file that becomes the lock file, for this process alone.
func markPart(part string) (*filelock.Lock, error) {
	for {
		f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return nil, err
		}
		mark, err := filelock.Mark(part)
		if err := f.Close(); err != nil {
			return nil, err
		}
		if !errors.Is(err, os.ErrNotExist) { // another process had it, and renamed it
			return mark, err
		}
	}
}
