// Package remote reaches what several machines share: a bucket of an S3 server, or
// a folder that all of them see.
//
// It keeps blobs by name and knows nothing of what they hold. It refuses to write
// where nothing was made for it: a bucket or folder must be there. Nothing is
// contacted before a method of a Bucket is called, and no credential is written,
// shown or part of a location.
//
// A new kind of place is a file here, a case in Open and one in checkURL.
package remote

import (
	"context"
	"io"
	"iter"
	"net/url"
	"time"
)

// Bucket keeps blobs. Names are of small letters, digits, dots, hyphens and slashes.
// What is put appears whole or not at all. All methods may be called at once; errors
// name the place and are final: whatever it makes sense to try again has been tried.
type Bucket interface {
	// Get reads a blob from the byte at from on. Where there is no such blob the error
	// matches fs.ErrNotExist. What is read may end early with an error; see [Fetch].
	Get(ctx context.Context, name string, from int64) (io.ReadCloser, error)
	// Put stores a blob in place of what is there.
	Put(ctx context.Context, name string, body Body) error
	// PutFirst stores a blob unless there is one of that name: then the error matches
	// fs.ErrExist. An S3 server that does not know the condition If-None-Match lets the
	// last one win of several that come within the moment between looking and writing.
	PutFirst(ctx context.Context, name string, body Body) error
	// Stat describes a blob without reading it; errors are as of Get.
	Stat(ctx context.Context, name string) (Blob, error)
	// List goes through the blobs whose names begin with prefix, in any order.
	List(ctx context.Context, prefix string) iter.Seq2[Blob, error]
	// String is the place's URL.
	String() string
}

// Body is what a blob is made of: a part of a file, or bytes.
type Body interface {
	io.ReadSeeker
	io.ReaderAt
	Size() int64
}

// Blob is a stored blob.
type Blob struct {
	Name    string
	Size    int64 // bytes
	Changed time.Time
}

// Open returns the bucket at a location. Nothing is contacted yet.
func Open(l Location, o Options) (Bucket, error) {
	if mistakes := l.Check(); len(mistakes) > 0 {
		return nil, &mistakes[0]
	}
	u, err := url.Parse(l.URL)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "file" {
		return openFolder(l, u), nil
	}
	return openS3(l, u, o)
}

// Options are what reaching a bucket depends on.
type Options struct {
	// Getenv reads the environment variables that say where a server is.
	Getenv func(string) string
	// Stall is the longest silence of a server; 0 is a minute.
	Stall time.Duration
}

const defaultStall = time.Minute
