package tfruntime

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sslpipe/internal/fetch"
)

// libraries compiles what passes for TensorFlow's two libraries.
func libraries(t *testing.T, version string) (library, framework []byte) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "framework.c"), []byte(`const char *tf_version_text(void) { return "`+version+`"; }`))
	write(t, filepath.Join(dir, "library.c"), []byte(`extern const char *tf_version_text(void);
const char *TF_Version(void) { return tf_version_text(); }
void *TF_NewGraph(void) { return 0; }
void TF_SessionRun(void) {}`))
	for _, args := range [][]string{
		{"-shared", "-fPIC", "-o", "libtensorflow_framework.so.2", "framework.c"},
		{"-shared", "-fPIC", "-o", "libtensorflow.so.2", "library.c", "-L.", "-l:libtensorflow_framework.so.2"},
	} {
		cmd := exec.CommandContext(t.Context(), "gcc", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("gcc: %v\n%s", err, out)
		}
	}
	files := tree(t, dir)
	return []byte(files["libtensorflow.so.2"]), []byte(files["libtensorflow_framework.so.2"])
}

// officialArchive has the names and links of the published one.
func officialArchive(t *testing.T, version string) []byte {
	library, framework := libraries(t, version)
	return tarred(t, []item{
		{name: "./LICENSE", body: "licence"},
		{name: "./THIRD_PARTY_TF_C_LICENSES", body: "notices"},
		{name: "./include/tensorflow/c/c_api.h", body: "header"},
		{name: "./lib/libtensorflow.so", body: "libtensorflow.so.2", mode: fs.ModeSymlink},
		{name: "./lib/libtensorflow.so.2", body: "libtensorflow.so.2.18.0", mode: fs.ModeSymlink},
		{name: "./lib/libtensorflow.so.2.18.0", body: string(library)},
		{name: "./lib/libtensorflow_framework.so.2", body: "libtensorflow_framework.so.2.18.0", mode: fs.ModeSymlink},
		{name: "./lib/libtensorflow_framework.so.2.18.0", body: string(framework)},
	})
}

// withoutPip installs from a server of archives.
func withoutPip(root string, server *httptest.Server) installer {
	a := *runtimes[0].archive
	a.url = server.URL + "/libtensorflow.tar.gz"
	return installer{
		pin: pin{device: CPU, archive: &a}, root: root, report: func(Progress) {}, limits: defaultLimits,
		findPip: func(context.Context) []string { return nil },
		fetcher: fetch.Fetcher{Client: server.Client(), Tries: 3, Wait: time.Millisecond, Stall: time.Minute, NoLock: true},
	}
}

// serve serves b as a file server does, ranges included.
func serve(w http.ResponseWriter, r *http.Request, b []byte) {
	w.Header().Set("ETag", `"1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// serveHalf states the length of b and breaks the connection half-way.
func serveHalf(w http.ResponseWriter, b []byte) {
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b[:len(b)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestInstallWithoutPip(t *testing.T) {
	archive := officialArchive(t, "2.18.0")
	var requests []http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests = append(requests, r.Header.Clone()); len(requests) == 1 {
			serveHalf(w, archive)
		}
		serve(w, r, archive)
	}))
	defer server.Close()
	root := t.TempDir()
	i := withoutPip(root, server)
	var notes []string
	i.report = func(p Progress) {
		if p.Step == StepNote {
			notes = append(notes, p.Note)
		}
	}
	dir, err := i.install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := tree(t, dir)
	if len(got) != 5 || len(got["tensorflow/libtensorflow.so.2"]) == 0 || len(got["tensorflow/libtensorflow_framework.so.2"]) == 0 ||
		got["tensorflow/LICENSE"] != "licence" || got["tensorflow/THIRD_PARTY_TF_C_LICENSES"] != "notices" {
		t.Errorf("the runtime has %d files, want two libraries, two texts and the manifest", len(got))
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "No digest of that archive is pinned") || !strings.Contains(notes[0], i.pin.archive.url) {
		t.Errorf("notes: %q, want one that says what is not pinned", notes)
	}
	if st := List(root)[0]; !st.Installed || st.Pinned || st.Source != i.pin.archive.url+" sha256:"+sum(archive) {
		t.Errorf("List: %+v, want an unpinned source", st)
	}
	if len(requests) != 2 || requests[1].Get("Range") == "" {
		t.Errorf("%d requests, want the second to resume", len(requests))
	}
	onlyInstalled(t, root)
}

func TestArchivesThatAreRefused(t *testing.T) {
	good := officialArchive(t, "2.18.0")
	for name, c := range map[string]struct {
		archive []byte
		message string
	}{
		"another version":    {officialArchive(t, "2.17.1"), "not TensorFlow 2.18.0"},
		"a wrong checksum":   {flipped(good, len(good)-6), "checksum"},
		"no archive":         {[]byte("<html>sign in</html>"), "invalid header"},
		"no library":         {tarred(t, []item{{name: "./LICENSE", body: "licence"}}), "has no tensorflow/libtensorflow.so.2"},
		"text for a library": {tarred(t, []item{{name: "./lib/libtensorflow.so.2.18.0", body: "x"}, {name: "./lib/libtensorflow_framework.so.2.18.0", body: "x"}}), "libtensorflow.so.2: "},
		"a name that climbs": {tarred(t, []item{{name: "../../evil", body: "x"}}), "points outside"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, c.archive) }))
			defer server.Close()
			refused(t, withoutPip(t.TempDir(), server), c.message)
		})
	}
}

func TestCheckLibrary(t *testing.T) {
	library, frameworkFile := libraries(t, "2.18.0")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "library"), library)
	write(t, filepath.Join(dir, "libtensorflow_framework.so.2"), frameworkFile)
	if err := checkLibrary(dir, "library"); err != nil {
		t.Error(err)
	}
	if err := checkLibrary(dir, "libtensorflow_framework.so.2"); err == nil || !strings.Contains(err.Error(), "does not depend on") {
		t.Errorf("a library alone: %v", err)
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "other"), program)
	if err := checkLibrary(dir, "other"); err == nil {
		t.Error("a program was taken for the library")
	}
}

// The text may lie across two reads of the file.
func TestMentions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for at := 1<<20 - 8; at <= 1<<20+1; at++ {
		b := make([]byte, 1<<20+100)
		copy(b[at:], "2.18.0\x00")
		write(t, path, b)
		if found, err := mentions(path, "2.18.0\x00"); !found || err != nil {
			t.Errorf("at %d: %t, %v", at, found, err)
		}
	}
	write(t, path, make([]byte, 3<<20))
	if found, err := mentions(path, "2.18.0\x00"); found || err != nil {
		t.Errorf("absent: %t, %v", found, err)
	}
}
