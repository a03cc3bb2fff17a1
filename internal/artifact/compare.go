package artifact

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// LossesFile is the file of a result that has a line for each training step, from
// 1, after a header. Two results of a fingerprint that differ in it part at the
// first line that differs.
const LossesFile = "losses.csv"

// Difference is how one result differs from another.
type Difference struct {
	Files []string // that are not the same, or only in one of the two; sorted
	// Step is the first training step whose loss differs; 0 where none does, or
	// there are none.
	Step   int
	Scores []ScoreDifference // by name
	// Meta tells whether the descriptions of outputs differ.
	Meta bool
}

// ScoreDifference is a score that differs. It is NaN where one of the two lacks it.
type ScoreDifference struct {
	Name string
	A, B float64
}

// None tells whether two results are the same.
func (d Difference) None() bool { return len(d.Files) == 0 && len(d.Scores) == 0 && !d.Meta }

// String says it in a few words for people.
func (d Difference) String() string {
	if d.None() {
		return "the same"
	}
	var parts []string
	if d.Step > 0 {
		parts = append(parts, fmt.Sprintf("the loss differs from step %d on", d.Step))
	}
	for _, s := range d.Scores {
		parts = append(parts, fmt.Sprintf("%s was %.6g and is %.6g", s.Name, s.A, s.B))
	}
	if len(d.Scores) == 0 {
		parts = append(parts, "the scores are equal")
	}
	return strings.Join(append(parts, differ(len(d.Files))), ", ")
}

// Compare tells how b differs from a. The objects of both are in the store; where
// one is not, there is no step.
func (s *Store) Compare(a, b *Entry) (Difference, error) {
	d := Difference{Files: differentFiles(a.Files, b.Files), Scores: CompareScores(a.Scores(), b.Scores())}
	d.Meta = !SameResult(&Entry{Outputs: a.Outputs}, &Entry{Outputs: b.Outputs})
	if !slices.Contains(d.Files, LossesFile) {
		return d, nil
	}
	var err error
	d.Step, err = s.Parting(filepath.Join(s.object(a.Tree), LossesFile), b)
	return d, err
}

// Parting is the first training step whose loss in a [LossesFile] differs from that of
// a stored result; 0 where none does, or one of the two is not there.
func (s *Store) Parting(losses string, e *Entry) (step int, err error) {
	step, err = parting(losses, filepath.Join(s.object(e.Tree), LossesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return step, err
}

// Scores are those of all outputs, by name.
func (e *Entry) Scores() map[string]float64 {
	all := map[string]float64{}
	for _, out := range e.Outputs {
		maps.Copy(all, out.Scores)
	}
	return all
}

func differentFiles(a, b []File) []string {
	digests := map[string]string{}
	for _, f := range a {
		digests[f.Path] = f.SHA256
	}
	var different []string
	for _, f := range b {
		if digests[f.Path] != f.SHA256 {
			different = append(different, f.Path)
		}
		delete(digests, f.Path)
	}
	different = slices.AppendSeq(different, maps.Keys(digests))
	slices.Sort(different)
	return different
}

// CompareScores lists the scores that differ, by name.
func CompareScores(a, b map[string]float64) []ScoreDifference {
	names := maps.Clone(a)
	maps.Copy(names, b)
	of := func(scores map[string]float64, name string) float64 {
		if x, ok := scores[name]; ok {
			return x
		}
		return math.NaN()
	}
	var different []ScoreDifference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if x, y := of(a, name), of(b, name); x != y {
			different = append(different, ScoreDifference{Name: name, A: x, B: y})
		}
	}
	return different
}

// parting is the number of the first line that differs, not counting the header.
func parting(a, b string) (step int, err error) {
	f, err := os.Open(a)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	g, err := os.Open(b)
	if err != nil {
		return 0, err
	}
	defer g.Close() //nolint:errcheck // nothing was written
	left, right := bufio.NewScanner(f), bufio.NewScanner(g)
	for line := 0; ; line++ {
		more, also := left.Scan(), right.Scan()
		switch {
		case more != also || more && left.Text() != right.Text():
			return max(1, line), errors.Join(left.Err(), right.Err())
		case !more:
			return 0, errors.Join(left.Err(), right.Err())
		}
	}
}

func differ(files int) string {
	switch files {
	case 0:
		return "no file differs"
	case 1:
		return "1 file differs"
	}
	return fmt.Sprintf("%d files differ", files)
}
