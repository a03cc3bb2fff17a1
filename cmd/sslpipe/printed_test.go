package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// Where standard output cannot be written, no command ends with success.
func TestFullStandardOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = full.Close() }()
	var errs bytes.Buffer
	code := execute([]string{"cache", "--state", t.TempDir()}, nil, full, &errs)
	if code != exitFailed || !strings.Contains(errs.String(), "Error: write standard output: write /dev/full: no space left on device\n") {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}
