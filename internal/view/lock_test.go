package view

import (
	"io"
	"strings"
	"testing"

	"sslpipe/internal/lockfile"
)

func TestLock(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	old := &lockfile.File{Runtime: "r", Units: []lockfile.Unit{
		{Address: "download.images", Fingerprint: "f1", Result: a}, {Address: "pretrain.a", Fingerprint: "f2222222222"}, {Address: "pretrain.gone", Fingerprint: "f3"},
	}}
	now := &lockfile.File{Runtime: "r", Units: []lockfile.Unit{
		{Address: "download.images", Fingerprint: "f1", Result: b}, {Address: "pretrain.a", Fingerprint: "f9999999999"}, {Address: "pretrain.new", Fingerprint: "f4"},
	}}
	mustShow(t, "Wrote x.lock.hcl: 3 units, 1 result known.\n", func(w io.Writer) error { return Lock(w, "x.lock.hcl", nil, now, true, Style{}) })
	mustShow(t, "x.lock.hcl is up to date: 3 units, 1 result known.\n", func(w io.Writer) error { return Lock(w, "x.lock.hcl", now, now, false, Style{}) })
	mustShow(t, "There is no x.lock.hcl; sslpipe lock would write it: 3 units.\n", func(w io.Writer) error { return LockCheck(w, "x.lock.hcl", nil, now, Style{}) })
	mustShow(t, "x.lock.hcl says the same, but not as sslpipe lock writes it.\n", func(w io.Writer) error { return LockCheck(w, "x.lock.hcl", now, now, Style{}) })
	mustShow(t, `x.lock.hcl is not up to date; sslpipe lock writes it again.
DIVERGENT: 1 unit has another result than the lock file says, for the same
fingerprint.

locked    now       what              unit
─────────────────────────────────────────────────────
aaaaaaaa  bbbbbbbb  DIVERGENT result  download.images
f2222222  f9999999  fingerprint       pretrain.a
f3        -         unit removed      pretrain.gone
-         f4        unit added        pretrain.new
`, func(w io.Writer) error { return LockCheck(w, "x.lock.hcl", old, now, Style{}) })

	// On another runtime every fingerprint differs, which is no news.
	now.Runtime = "r2"
	now.Units = now.Units[1:2]
	old.Units = old.Units[1:2]
	mustShow(t, `Updated x.lock.hcl: 1 unit, 0 results known.
The runtime was r and is r2.
1 unit has another fingerprint, as on any other runtime; what else differs is
not known.
`, func(w io.Writer) error { return Lock(w, "x.lock.hcl", old, now, true, Style{}) })
}
