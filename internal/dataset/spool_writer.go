package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
)

// spoolWriter keeps what is written to it: in memory while it is small, then in a
// file without a name, which no crash can leave behind.
type spoolWriter struct {
	opener opener
	size   int64
	small  bytes.Buffer
	file   *os.File // nil while all is in memory
	w      *bufio.Writer
}

func (s *spoolWriter) Write(p []byte) (int, error) {
	if s.file == nil && s.size+int64(len(p)) > inMemory {
		if err := s.move(); err != nil {
			return 0, err
		}
	}
	s.size += int64(len(p))
	if s.file == nil {
		return s.small.Write(p)
	}
	return s.w.Write(p)
}

// move goes on in a file.
func (s *spoolWriter) move() error {
	f, err := s.opener.unnamed()
	if err != nil {
		return err
	}
	s.file, s.w = f, bufio.NewWriterSize(f, 1<<20)
	_, err = s.small.WriteTo(s.w)
	s.small = bytes.Buffer{}
	return err
}

// blob ends the writing. The blob owns what was written.
func (s *spoolWriter) blob() (blob, error) {
	if s.file == nil {
		return sectionBlob{io.NewSectionReader(bytes.NewReader(s.small.Bytes()), 0, s.size)}, nil
	}
	if err := s.w.Flush(); err != nil {
		return nil, err
	}
	return fileBlob{File: s.file, size: s.size}, nil
}

// Close frees what was written, if there is no blob of it.
func (s *spoolWriter) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// unnamed makes a file without a name.
func (o opener) unnamed() (*os.File, error) {
	f, err := os.CreateTemp(o.scratch, ".unpacked-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
