package artifact

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"testing"
	"time"
)

// Whatever an entry's file holds, reading it is an entry that can be relied on or
// an error. Bytes are read as a file, and as an entry whose checksums are right,
// since no mutation would make them so.
func FuzzDecodeEntry(f *testing.F) {
	files := []File{{Path: "model/saved_model.pb", Size: 3, SHA256: digest([]byte("abc"))}}
	entry := &Entry{
		Fingerprint: "f", Unit: "finetune.ssl[seed=0]", Tree: treeDigest(files), Files: files, Created: time.Unix(1, 0).UTC(),
		Outputs:   map[string]EntryOutput{"classifier": {Type: TypeClassifier, Meta: json.RawMessage(`{"classes":["a"],"input_shape":[8,8,1]}`)}},
		Divergent: []Divergence{{Tree: "t", Outputs: map[string]EntryOutput{"classifier": {Type: TypeClassifier, Meta: json.RawMessage(`{}`)}}}},
	}
	text, err := EncodeEntry(entry)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	body, err := json.Marshal(entry)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"sha256":"","entry":null}`))
	f.Add([]byte(`{"fingerprint":"f","files":[{"path":"../x","size":-1}],"outputs":{"x":{"type":"views","meta":{"dataset":{"shape":[1,1,1]}}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, text := range [][]byte{raw, resealed(raw)} {
			e, err := DecodeEntry(text, "f")
			if err != nil {
				continue
			}
			if e.Fingerprint != "f" || e.Tree != treeDigest(e.Files) {
				t.Errorf("entry of %q, %q", e.Fingerprint, e.Tree)
			}
			for _, file := range e.Files {
				if !fs.ValidPath(file.Path) || file.Size < 0 {
					t.Errorf("file %+v", file)
				}
			}
			for name, out := range e.Outputs {
				if _, err := e.Content(name); err != nil {
					continue // metadata that is none
				}
				h := Handle{Type: out.Type, Meta: out.Meta, Unit: e.Unit}
				for _, meta := range []any{&DatasetMeta{}, &ViewsMeta{}, &EncoderMeta{}, &ClassifierMeta{}, &MetricsMeta{}} {
					_ = h.Decode(meta)
				}
			}
			e.diverge(e)
			if _, err := EncodeEntry(e); err != nil && bytes.Contains(text, []byte(`"meta"`)) {
				continue
			}
		}
	})
}

// resealed makes the file of an entry whose digests are those of its content.
func resealed(body []byte) []byte {
	var e Entry
	if json.Unmarshal(body, &e) != nil {
		return nil
	}
	e.Fingerprint, e.Tree = "f", treeDigest(e.Files)
	text, err := EncodeEntry(&e)
	if err != nil {
		return nil
	}
	return text
}
