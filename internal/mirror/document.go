package mirror

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/remote"
	"sslpipe/internal/seal"
)

// The layout of a bucket. Blobs never change once they are right; a document is put
// when everything that it names is there.
const (
	results   = "results/"   // FINGERPRINT.json: the document of the first result
	divergent = "divergent/" // FINGERPRINT/DIGEST.json: of one that differs from it
	byInput   = "byinput/"   // KEY.json: under which fingerprint work on this content has a result
	files     = "files/"     // AB/ABCD...: the content of a file, by its sha256
)

// Under leases/ is what package lease puts there.

func resultName(fingerprint string) string { return results + fingerprint + ".json" }

func keyName(key string) string { return byInput + key + ".json" }

func fileName(f artifact.File) string { return path.Join(files, f.SHA256[:2], f.SHA256) }

// document says what a result is.
type document struct {
	Entry json.RawMessage `json:"entry"` // as in a store, with its digest
	// Needs are objects that the result speaks of.
	Needs []artifact.Object `json:"needs,omitempty"`
}

// result is a document that has been read.
type result struct {
	*artifact.Entry
	needs []artifact.Object
}

// objects are all that a result is made of.
func (r *result) objects() []artifact.Object {
	return append([]artifact.Object{r.Object()}, r.needs...)
}

// size counts the files of a result once each, in bytes.
func (r *result) size() (n int64) {
	for _, f := range r.Files {
		n += f.Size
	}
	return n
}

// encode is the text of a document. What diverged here is not in it: that is a
// document of its own.
func encode(e *artifact.Entry, needs []artifact.Object) ([]byte, error) {
	own := *e
	own.Divergent = nil
	text, err := artifact.EncodeEntry(&own)
	if err != nil {
		return nil, err
	}
	text, err = json.MarshalIndent(document{Entry: text, Needs: needs}, "", "  ")
	if err != nil {
		return nil, err
	}
	return seal.Seal(append(text, '\n')), nil
}

func decode(text []byte, fingerprint string) (*result, error) {
	if err := seal.Check(text); err != nil {
		return nil, err
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	e, err := artifact.DecodeEntry(d.Entry, fingerprint)
	if err != nil {
		return nil, err
	}
	r := &result{Entry: e, needs: d.Needs}
	for _, o := range r.objects() {
		if err := o.Check(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// read gets the document of a fingerprint; nil where there is none.
func (m *Mirror) read(ctx context.Context, fingerprint string) (*result, error) {
	name := resultName(fingerprint)
	text, err := remote.ReadAll(ctx, m.bucket, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, remote.ErrTooLong):
		return nil, m.mark(&wrongError{name, err.Error()})
	case err != nil:
		return nil, err
	}
	r, err := decode(text, fingerprint)
	if err != nil {
		return nil, m.mark(&wrongError{name, fmt.Sprintf("cannot be read: %v", err)})
	}
	return r, nil
}

// indexed is the fingerprint that a key leads to, or "". It is a hint, as in a store.
func (m *Mirror) indexed(ctx context.Context, key string) (string, error) {
	text, err := remote.ReadAll(ctx, m.bucket, keyName(key))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, remote.ErrTooLong) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var hint struct {
		Fingerprint string `json:"fingerprint"`
	}
	if json.Unmarshal(text, &hint) != nil || !isDigest(hint.Fingerprint) {
		return "", nil
	}
	return hint.Fingerprint, nil
}

func isDigest(text string) bool {
	return len(text) == 2*sha256.Size && strings.Trim(text, "0123456789abcdef") == ""
}

// divergentName names a result that differs by what it is, so that each is there once.
func divergentName(e *artifact.Entry) (string, error) {
	text, err := json.Marshal(struct {
		Tree    string
		Outputs map[string]artifact.EntryOutput
	}{e.Tree, e.Outputs})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return divergent + e.Fingerprint + "/" + hex.EncodeToString(sum[:]) + ".json", nil
}

func body(text []byte) remote.Body { return bytes.NewReader(text) }
