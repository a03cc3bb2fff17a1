package view

import (
	"io"
	"testing"
)

func TestFullDisk(t *testing.T) {
	mustShow(t, `The disk is full. What this program keeps:
  1.20 GB  .sslpipe/cache  sslpipe cache gc
      0 B  .sslpipe/work   sslpipe cache gc --work
Then the same command continues where this one stopped.
`, func(w io.Writer) error {
		return FullDisk(w, []Space{{".sslpipe/cache", 1_200_000_000, "sslpipe cache gc"}, {".sslpipe/work", 0, "sslpipe cache gc --work"}})
	})
}
