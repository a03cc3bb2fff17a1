package main

import (
	"bytes"
	"strings"
	"testing"
)

// A name that would clear the screen is shown without doing so.
func TestErrorsAreText(t *testing.T) {
	var out, errors bytes.Buffer
	code := execute([]string{"init", "photos\x1b[2J"}, strings.NewReader(""), &out, &errors)
	if code != exitMistake || !strings.HasPrefix(errors.String(), "Error: there is no folder or archive photos\ufffd[2J\n") {
		t.Errorf("exit %d, %q", code, errors.String())
	}
}
