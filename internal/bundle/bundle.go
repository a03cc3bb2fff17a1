// Package bundle is a run in one file, for another person to read and to verify: a
// tar archive, packed with Zstandard, that begins with a manifest of all other files.
//
// The same content gives the same bytes. Entries are sorted, have no time, owner or
// mode of their own, and are packed by one thread with one setting, so that the digest
// of a bundle names a result. What differs from run to run (times, speed, hosts, paths)
// has no place in a bundle; who makes the files has to leave it out.
//
// A bundle of a stranger is untrusted: [Unpack] writes nothing but the plain files
// that the manifest lists, with their sizes and digests, into a folder that is not to
// be used before all of it is checked. The package neither knows what the files say
// nor puts anything into the store of results: what a stranger computed must not
// become a cached result.
//
// A new file of bundles is a name in [Files] or a folder in [Folders]; what older
// readers would misread raises [Format].
package bundle

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Format is the version of bundles that this program writes and reads.
const Format = 1

// ManifestFile is the name of the first entry.
const ManifestFile = "MANIFEST.json"

// Files are the files that a bundle may have beside its folders; pictures (*.png) too.
var Files = []string{"config.json", "replay.json", "report.csv", "report.html", "report.json", "report.md", "report.txt", "run.lock.hcl"}

// Folders are the folders that a bundle may have, with anything in them.
var Folders = []string{CurvesDir, ModelsDir, "source"}

// Folders that a run does not have of its own.
const (
	CurvesDir = "curves" // the losses and monitors of each unit
	ModelsDir = "models" // SavedModels, as they are published
)

// Limits of a bundle.
const (
	maxFiles    = 100_000
	maxManifest = 32 << 20
	maxName     = 1024    // bytes
	maxUnpacked = 1 << 38 // bytes in all
	// maxRatio is how much a packed byte may unpack to, beyond freeBytes. Weights
	// hardly pack at all, pages and tables some tenfold; bombs start at a thousand.
	maxRatio  = 200
	freeBytes = 64 << 20
)

// unpackedLimit is how much a bundle of some size may unpack to.
func unpackedLimit(packed int64) int64 {
	if packed > maxUnpacked/maxRatio {
		return maxUnpacked
	}
	return min(maxUnpacked, packed*maxRatio+freeBytes)
}

// epoch is the time of every entry.
var epoch = time.Unix(0, 0).UTC()

const mode = 0o644

// Manifest says what is in a bundle.
type Manifest struct {
	Format   int    `json:"format"`
	Program  string `json:"program"` // that wrote the bundle
	Pipeline string `json:"pipeline"`
	// Files are all files but the manifest, in the order of their names, which is
	// that of the archive.
	Files []File `json:"files"`
}

// File is a file of a bundle.
type File struct {
	Name   string `json:"name"` // with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Size is that of all files together, in bytes.
func (m *Manifest) Size() int64 {
	var sum int64
	for _, f := range m.Files {
		sum += f.Size
	}
	return sum
}

// Has tells whether a file is in the bundle.
func (m *Manifest) Has(name string) bool {
	return slices.ContainsFunc(m.Files, func(f File) bool { return f.Name == name })
}

func (m *Manifest) encode() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// RefusedError says why a file is no bundle that can be used.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "the bundle is refused: " + e.Reason }

func refuse(format string, args ...any) error {
	return &RefusedError{Reason: fmt.Sprintf(format, args...)}
}

// decodeManifest reads and checks a manifest, which must be as [Write] writes it.
func decodeManifest(text []byte, limit int64) (*Manifest, error) {
	var version struct{ Format int }
	if err := json.Unmarshal(text, &version); err != nil {
		return nil, refuse("its manifest cannot be read: %v", err)
	}
	if version.Format != Format {
		return nil, refuse("it has format %d, and this program reads format %d", version.Format, Format)
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, refuse("its manifest cannot be read: %v", err)
	}
	again, err := m.encode()
	if err != nil || !bytes.Equal(again, text) {
		return nil, refuse("its manifest is not written as this program writes it")
	}
	return m, m.check(limit)
}

// check says what is wrong with a manifest. The sizes of the files must come to no
// more than limit.
func (m *Manifest) check(limit int64) error {
	if !printable(m.Pipeline) || strings.ContainsAny(m.Pipeline, "/\\") || m.Pipeline == "" || len(m.Pipeline) > 200 {
		return refuse("%.100q is no name of a pipeline", m.Pipeline)
	}
	if !printable(m.Program) || len(m.Program) > 200 {
		return refuse("%.100q is no name of a program", m.Program)
	}
	if len(m.Files) > maxFiles {
		return refuse("it has %d files, and at most %d are read", len(m.Files), maxFiles)
	}
	var sum int64
	for i, f := range m.Files {
		if reason := checkName(f.Name); reason != "" {
			return refuse("file %.200q %s", f.Name, reason)
		}
		if i > 0 && m.Files[i-1].Name >= f.Name {
			return refuse("file %q is listed twice or not in order", f.Name)
		}
		if digest, err := hex.DecodeString(f.SHA256); err != nil || len(digest) != 32 {
			return refuse("the digest of %q is none", f.Name)
		}
		if sum += f.Size; f.Size < 0 || sum < 0 || sum > limit {
			return refuse("it would unpack to more than %d bytes", limit)
		}
	}
	return nil
}

// checkName says why a name is not allowed; empty if it is.
func checkName(name string) string {
	switch {
	case !fs.ValidPath(name) || strings.Contains(name, "\\"):
		return "leads outside of the bundle or is no clean path"
	case len(name) > maxName || !printable(name):
		return "has no readable name"
	}
	top, _, inside := strings.Cut(name, "/")
	switch {
	case inside && slices.Contains(Folders, top), !inside && slices.Contains(Files, name):
		return ""
	case !inside && path.Ext(name) == ".png" && !strings.HasPrefix(name, "."):
		return ""
	}
	return "is none that a bundle has"
}

// printable tells whether a text can be shown in a terminal without doing anything.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) })
}
