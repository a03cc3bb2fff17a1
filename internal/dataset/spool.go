package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// inMemory is the size up to which unpacked data stays in memory.
const inMemory = 16 << 20

// maxWindow is what "zstd --long=27" needs to unpack.
const maxWindow = 128 << 20

// unpack returns the content of a gzip or zstd file.
func (o opener) unpack(b blob) (blob, error) {
	total := b.Size()
	packed := &counter{r: cancelReader{ctx: o.ctx, r: io.NewSectionReader(b, 0, total)}, count: func(done int64) { o.report(done, total) }}
	limit := o.limits.unpacked(total)
	if packingOf(b) == "gzip" {
		r, err := gzip.NewReader(packed)
		if err != nil {
			return nil, err
		}
		return o.spoolUpTo(r, limit)
	}
	r, err := zstd.NewReader(packed, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return o.spoolUpTo(r, limit)
}

// cancelReader stops reading when its context ends, so that work on gigabytes
// can be interrupted.
type cancelReader struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// counter reports how much has been read.
type counter struct {
	r     io.Reader
	done  int64
	count func(done int64)
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	c.count(c.done)
	return n, err
}

// spool keeps exactly size bytes of r.
func (o opener) spool(r io.Reader, size int64) (blob, error) {
	b, err := o.spoolUpTo(cancelReader{ctx: o.ctx, r: r}, size)
	if err == nil && b.Size() != size {
		return nil, errors.Join(fmt.Errorf("has %d bytes, %d are announced", b.Size(), size), b.Close())
	}
	return b, err
}

// spoolUpTo keeps all of r, which must not be longer than limit: in memory while
// it is small, then in a file without a name, which no crash can leave behind.
func (o opener) spoolUpTo(r io.Reader, limit int64) (blob, error) {
	small, err := io.ReadAll(io.LimitReader(r, min(limit, inMemory)+1))
	if err != nil {
		return nil, err
	}
	if int64(len(small)) > limit {
		return nil, fmt.Errorf("unpacks to more than %d bytes", limit)
	}
	if len(small) <= inMemory {
		return sectionBlob{io.NewSectionReader(bytes.NewReader(small), 0, int64(len(small)))}, nil
	}
	f, err := o.unnamed()
	if err != nil {
		return nil, err
	}
	size, err := io.Copy(f, io.LimitReader(io.MultiReader(bytes.NewReader(small), r), limit+1))
	if err == nil && size > limit {
		err = fmt.Errorf("unpacks to more than %d bytes", limit)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return fileBlob{File: f, size: size}, nil
}

// tooLarge is a file of more bytes than memory should hold at once.
type tooLarge int64

func (t tooLarge) Error() string { return fmt.Sprintf("file of %d bytes is too large", int64(t)) }

// readAll returns the whole content of a blob and closes it.
func readAll(b blob, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	if b.Size() > maxImageFile {
		return nil, errors.Join(tooLarge(b.Size()), b.Close())
	}
	data := make([]byte, b.Size())
	_, err = io.ReadFull(io.NewSectionReader(b, 0, b.Size()), data)
	return data, errors.Join(err, b.Close())
}
