package mirror

import (
	"encoding/json"
	"io/fs"
	"testing"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/seal"
)

const (
	fuzzed = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	// empty is the digest of a folder without files.
	empty = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
)

// Whatever lies in a shared store, reading it is a result whose files would be inside
// of its folders, or an error. What is mutated is a document, and the parts of one of
// which the checksum is right.
func FuzzDecode(f *testing.F) {
	entry, err := artifact.EncodeEntry(&artifact.Entry{Fingerprint: fuzzed, Unit: "download.d", Tree: empty, Created: time.Unix(1, 0).UTC()})
	if err != nil {
		f.Fatal(err)
	}
	whole, err := json.MarshalIndent(document{Entry: entry}, "", "  ")
	if err != nil {
		f.Fatal(err)
	}
	if _, err := decode(seal.Seal(whole), fuzzed); err != nil {
		f.Fatal("the seed is no document: ", err)
	}
	f.Add(seal.Seal(whole), []byte(`[]`))
	f.Add(whole, []byte(`[{"tree": "`+empty+`", "files": []}]`))
	f.Add([]byte(`{"entry": null}`), []byte(`[{"tree": "`+empty+`", "files": [{"path": "../x", "size": -1}]}]`))
	f.Fuzz(func(t *testing.T, text, needs []byte) {
		for _, text := range [][]byte{text, sealed(entry, needs)} {
			r, err := decode(text, fuzzed)
			if err != nil {
				continue
			}
			if r.Fingerprint != fuzzed || r.size() < 0 {
				t.Errorf("a result of %q with %d bytes", r.Fingerprint, r.size())
			}
			for _, o := range r.objects() {
				for _, file := range o.Files {
					if !fs.ValidPath(file.Path) || file.Size < 0 || !isDigest(file.SHA256) || fileName(file) == "" {
						t.Errorf("file %+v", file)
					}
				}
			}
			if _, err := encode(r.Entry, r.needs); err != nil {
				t.Errorf("it cannot be written again: %v", err)
			}
			if _, err := divergentName(r.Entry); err != nil {
				t.Errorf("it has no name: %v", err)
			}
		}
	})
}

// sealed is a document of an entry that needs something, with the right checksum; nil
// where what it needs is no JSON.
func sealed(entry, needs []byte) []byte {
	text, err := json.MarshalIndent(map[string]json.RawMessage{"entry": entry, "needs": needs}, "", "  ")
	if err != nil {
		return nil
	}
	return seal.Seal(text)
}
