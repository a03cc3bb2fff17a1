package tf

import (
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// What is written while the library is opened comes out afterwards, but for the notes
// that mean nothing.
func TestChatterIsLeftOut(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	kept := os.Stderr
	os.Stderr = w // where it is written again; the file descriptor is that of the test
	withoutChatter(func() {
		// As a C library does, by the descriptor.
		_, _ = unix.Write(unix.Stderr, []byte("one\nE0000 cuda_dnn.cc:8310] Unable to register cuDNN factory: again\nWARNING: All log messages before absl::InitializeLog() is called\ntwo"))
	})
	os.Stderr = kept
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || string(got) != "one\ntwo" {
		t.Errorf("%q came out (%v)", got, err)
	}
}
