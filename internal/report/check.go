package report

import (
	"errors"
	"fmt"
	"path/filepath"
)

// check finds what would lead those astray who draw a report: a file of pictures
// that is elsewhere, and numbers that point at nothing. A report may come from
// another person.
func (r *Report) check() error {
	for _, e := range r.Evaluations {
		for i := range e.Sets {
			if err := e.Sets[i].check(); err != nil {
				return fmt.Errorf("evaluation %q, test set %q: %w", e.Name, e.Sets[i].Name, err)
			}
		}
	}
	return nil
}

func (s *TestSet) check() error {
	for _, c := range s.Comparisons {
		if c == nil {
			return errors.New("a comparison is missing")
		}
		for _, row := range c.Rows {
			if len(row.Cells) != len(c.Arms) {
				return fmt.Errorf("a row of %s has %d cells for %d arms", c.Metric, len(row.Cells), len(c.Arms))
			}
		}
	}
	for _, d := range s.Details {
		if err := d.check(s); err != nil {
			return fmt.Errorf("details of %s: %w", d.Arm, err)
		}
	}
	for _, e := range s.Embeddings {
		if err := e.check(s); err != nil {
			return fmt.Errorf("embedding of %s: %w", e.Arm, err)
		}
	}
	return errors.Join(s.Pictures.check(), s.checkTexts())
}

// maxText is more bytes than there are in the beginning of a text.
const maxText = 4096

func (s *TestSet) checkTexts() error {
	for i, text := range s.Texts {
		if len(text) > maxText {
			return fmt.Errorf("text %d has %d bytes, more than %d", i, len(text), maxText)
		}
	}
	return nil
}

// shows tells whether there is a picture or a text of that number. Without any,
// nothing is shown.
func (s *TestSet) shows(i int) bool {
	return s.Pictures.has(i) && (s.Texts == nil || within(i, len(s.Texts)))
}

func (d *Detail) check(s *TestSet) error {
	classes := len(s.Classes)
	if len(d.Confusion) != classes && d.Confusion != nil || len(d.Recall) > classes {
		return fmt.Errorf("%d rows of confusion and %d recalls for %d classes", len(d.Confusion), len(d.Recall), classes)
	}
	for _, row := range d.Confusion {
		if len(row) != classes {
			return fmt.Errorf("a row of confusion has %d numbers for %d classes", len(row), classes)
		}
	}
	for _, m := range d.Mistakes {
		if !within(m.Truth, classes) || !within(m.Predicted, classes) || !s.shows(m.Picture) {
			return fmt.Errorf("example %d of class %d taken for class %d is not there", m.Picture, m.Truth, m.Predicted)
		}
	}
	return nil
}

func (e *Embedding) check(s *TestSet) error {
	for _, p := range e.Points {
		if !within(p.Class, len(s.Classes)) || !s.shows(p.Picture) {
			return fmt.Errorf("example %d of class %d is not there", p.Picture, p.Class)
		}
	}
	for _, n := range e.Neighbours {
		for _, i := range append(n.Nearest, n.Of) {
			if !within(i, len(e.Points)) {
				return fmt.Errorf("point %d of %d", i, len(e.Points))
			}
		}
	}
	return nil
}

// maxPicturesSide is more pixels than a side of a sheet of pictures has.
const maxPicturesSide = 1 << 20

// has tells whether there is a picture of that number. Without a sheet, nothing is
// shown.
func (p *Pictures) has(i int) bool { return p == nil || within(i, p.Count) }

func (p *Pictures) check() error {
	if p == nil {
		return nil
	}
	if p.File != filepath.Base(p.File) || !filepath.IsLocal(p.File) {
		return fmt.Errorf("its pictures are in %q, which is not beside the report", p.File)
	}
	for _, n := range []int{p.Width, p.Height, p.Columns} {
		if n < 1 || n > maxPicturesSide {
			return fmt.Errorf("its pictures are %d x %d, %d in a row", p.Width, p.Height, p.Columns)
		}
	}
	return nil
}

func within(i, n int) bool { return 0 <= i && i < n }
