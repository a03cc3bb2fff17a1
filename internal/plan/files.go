package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/schema"
)

// file makes the path in an attribute absolute and checks that there is
// something; the package comment says what it is relative to.
func (d *decoder) file(f schema.Field, config any, path string, marks cty.ValueMarks) bool {
	written := f.Get(config).(string)
	if written == "" {
		return true
	}
	base := filepath.Dir(d.ranges[path].Filename)
	where := "the pipeline file's folder"
	for mark := range marks {
		if g, ok := mark.(given); ok && g.text != "" && strings.HasPrefix(written, g.text) {
			if base, where = g.base, g.base; base == "." {
				where = "the working directory"
			}
		}
	}
	if base == "." && where == "the working directory" {
		d.p.record.used = true
		base = d.p.options.Dir
	}
	full := written
	if !filepath.IsAbs(full) {
		full = filepath.Join(base, full)
	}
	full, err := filepath.Abs(full)
	if err == nil {
		err = d.p.options.Find(full)
	}
	if err != nil {
		from := ""
		if !filepath.IsAbs(written) {
			from = ", relative to " + where
		}
		return d.problem("Missing file", schema.Problem{Field: path,
			Message: fmt.Sprintf("There is no file or folder %s%s.%s", full, from, schema.NearestFile(full))})
	}
	d.p.record.absolute[full] = d.p.record.absolute[full] || filepath.IsAbs(written)
	f.Assign(config, cty.StringVal(full))
	return true
}

func exists(path string) error {
	_, err := os.Stat(path)
	return err
}

// Digest returns the sha256, in hexadecimal, of a file's content, or of the names
// and contents of everything in a folder. Times, owners and permissions are not
// part of it. It reads everything.
func Digest(path string) (string, error) { return DigestBy(path, digestFile) }

// DigestBy is Digest with the digests of single files from elsewhere.
func DigestBy(path string, file func(path string) (string, error)) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return file(path)
	}
	hash := sha256.New()
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		sum, err := file(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(path, name)
		fmt.Fprintf(hash, "%q %s\n", filepath.ToSlash(relative), sum)
		return err
	})
	return hex.EncodeToString(hash.Sum(nil)), err
}

func digestFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// dataFiles are the paths of a configuration, at any depth, that name data.
func dataFiles(config any) []string {
	var all []string
	for _, f := range schema.Fields(config) {
		switch {
		case f.Form == schema.Block:
			if inner := f.Inner(config, false); inner != nil {
				all = append(all, dataFiles(inner)...)
			}
		case f.Form != schema.Attribute:
			for _, choice := range f.Choices(config) {
				all = append(all, dataFiles(choice.Config)...)
			}
		case f.File:
			if file := f.Get(config).(string); file != "" {
				all = append(all, file)
			}
		}
	}
	return all
}
