package remote_test

import (
	"errors"
	"strings"
	"testing"

	"sslpipe/internal/remote"
)

// Whatever a store is said to be, it is a location or a mistake that does not repeat
// what may be a password.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"s3://bucket/a/b?region=eu-1", "s3://bucket?credentials=iam&endpoint=https%3A%2F%2Fminio.lab:9000", "file:///mnt/x", "s3://me:SESAME@bucket", "s3://b?endpoint=http://me:SESAME@b", "s3://%zz"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := remote.Parse(text)
		if err == nil {
			if wrong := l.Check(); len(wrong) > 0 {
				t.Errorf("%q is %+v, with %v", text, l, wrong)
			}
			if _, err := remote.Open(l, remote.Options{Getenv: func(string) string { return "" }}); err != nil && strings.HasPrefix(l.URL, "s3:") {
				t.Errorf("%q cannot be opened: %v", text, err)
			}
			return
		}
		if _, ok := errors.AsType[*remote.Mistake](err); !ok {
			t.Errorf("%q: %v is no mistake", text, err)
		}
		if strings.Contains(text, "SESAME") && strings.Contains(err.Error(), "SESAME") {
			t.Errorf("%q: %v", text, err)
		}
	})
}
