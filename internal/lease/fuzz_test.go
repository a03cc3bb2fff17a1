package lease

import (
	"encoding/json"
	"testing"
	"time"
)

// Whatever stands in the place of a lease, it has a holder, who may be silent for a
// time that passes.
func FuzzDecode(f *testing.F) {
	f.Add(document{Who: "worker 1 (b:2)", Says: "{}", Token: "x", PeriodSeconds: 30, Renewed: 3}.encode())
	f.Add([]byte(`{"token": "x", "period_seconds": 1e300}`))
	f.Add([]byte(`{"token": "x", "period_seconds": -1e300, "released": true}`))
	f.Add([]byte(`{"token": "", "who": 7}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d := decode(text)
		if d.Token == "" && (d.Who == "" || d.period() != time.Minute || d.Released) {
			t.Errorf("of nobody: %+v", d)
		}
		want := time.Duration(0)
		switch {
		case d.PeriodSeconds >= 3600:
			want = time.Hour
		case d.PeriodSeconds <= 1:
			want = time.Second
		}
		if p := d.period(); p < time.Second || p > time.Hour || want != 0 && p != want {
			t.Errorf("%v seconds are a period of %s", d.PeriodSeconds, p)
		}
		var again document
		if err := json.Unmarshal(d.encode(), &again); err != nil {
			t.Errorf("written, %+v cannot be read: %v", d, err)
		}
	})
}
