// Package bounded reads files that anybody may have put there: those of a model from
// elsewhere, of a folder that was unpacked from an archive.
//
// It refuses what would make a reader wait forever or take all memory. What a file
// means is for others to say.
package bounded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The errors of [ReadFile], in an [*fs.PathError].
var (
	ErrNoFile  = errors.New("it is not a file")
	ErrTooLong = errors.New("it is too long")
)

// ReadFile reads a file of at most limit bytes. Links are followed; what is no regular
// file, as a pipe that never ends, is not opened.
func ReadFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	wrong := func(reason error) error { return &fs.PathError{Op: "read", Path: path, Err: reason} }
	if !info.Mode().IsRegular() {
		return nil, wrong(ErrNoFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()                                     //nolint:errcheck // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, limit+1)) // it may grow, or be one of /proc, which has no size
	if err == nil && int64(len(text)) > limit {
		err = wrong(fmt.Errorf("%w: more than %d bytes", ErrTooLong, limit))
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}
