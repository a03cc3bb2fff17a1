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
	full := written
	if !filepath.IsAbs(full) {
		full = filepath.Join(base, full)
	}
	full, err := filepath.Abs(full)
	if err == nil {
		_, err = os.Stat(full)
	}
	if err != nil {
		from := ""
		if !filepath.IsAbs(written) {
			from = ", relative to " + where
		}
		return d.problem("Missing file", schema.Problem{Field: path,
			Message: fmt.Sprintf("There is no file or folder %s%s.%s", full, from, schema.NearestFile(full))})
	}
	f.Assign(config, cty.StringVal(full))
	return true
}

// Digest returns the sha256, in hexadecimal, of a file's content, or of the names
// and contents of everything in a folder. Times, owners and permissions are not
// part of it. It reads everything.
func Digest(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return digestFile(path)
	}
	hash := sha256.New()
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		sum, err := digestFile(name)
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
