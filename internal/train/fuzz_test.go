package train

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Whatever the list of a checkpoint's files says, the checkpoint is as it was written
// or is not used.
func FuzzManifest(f *testing.F) {
	const file, sum = "state.json", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" // of {}
	good := `{"files": [{"name": "` + file + `", "size": 2, "sha256": "` + sum + `"}]}`
	for _, text := range []string{good, `{"files": []}`, `null`, `{"files": [{"name": "../x"}]}`, "{\n  \"sha256\": \"\",\n"} {
		f.Add([]byte(text), []byte("{}"))
	}
	f.Add([]byte(good), []byte("{ }"))
	f.Add([]byte(`{"files": [{}]}`), []byte("x"))
	f.Fuzz(func(t *testing.T, list, content []byte) {
		dir := t.TempDir()
		for name, text := range map[string][]byte{manifestFile: list, file: content} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		digest, err := digestFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if checkManifest(dir) == nil {
			var m manifest
			if err := json.Unmarshal(list, &m); err != nil || len(m.Files) != 1 || m.Files[0] != digest {
				t.Errorf("%q is as %s lists it", content, list)
			}
		}
		if err := writeManifest(dir); err != nil {
			t.Fatal(err)
		}
		if err := checkManifest(dir); err != nil {
			t.Errorf("written, it is refused: %v", err)
		}
	})
}
