package remotetest

import (
	"path/filepath"
	"testing"

	"sslpipe/internal/remote"
)

// Folder opens a folder as a bucket.
func Folder(t *testing.T, dir string) remote.Bucket {
	t.Helper()
	b, err := remote.Open(remote.Location{URL: "file://" + filepath.ToSlash(dir)}, remote.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Each runs a test over a folder and over S3.
func Each(t *testing.T, test func(t *testing.T, b remote.Bucket)) {
	t.Run("folder", func(t *testing.T) { test(t, Folder(t, t.TempDir())) })
	t.Run("s3", func(t *testing.T) { test(t, Start(t).Bucket(t, remote.Options{})) })
}
