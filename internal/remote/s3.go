package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// s3 is a prefix in a bucket of an S3 server.
type s3 struct {
	core   minio.Core
	bucket string
	prefix string // empty, or with a slash at its end
	url    string
	// anonymous tells whether there are credentials, once that has been looked at.
	anonymous func() bool
}

// amazon is the server without an endpoint.
const amazon = "https://s3.amazonaws.com"

// tries is how often a request is made that comes to nothing: with an answer of 5xx
// or 429, or a connection that is refused, cut or silent. Between them is up to a
// second.
const tries = 5

func openS3(l Location, u *url.URL, o Options) (*s3, error) {
	endpoint := cmp.Or(l.Endpoint, o.Getenv("AWS_ENDPOINT_URL_S3"), o.Getenv("AWS_ENDPOINT_URL"))
	if reason := checkEndpoint(endpoint); reason != "" {
		return nil, &Mistake{"endpoint", reason}
	}
	region := cmp.Or(l.Region, o.Getenv("AWS_REGION"), o.Getenv("AWS_DEFAULT_REGION"))
	lookup := minio.BucketLookupAuto
	if endpoint != "" {
		// Other servers have no name for each bucket, and do not say where they are.
		lookup, region = minio.BucketLookupPath, cmp.Or(region, "us-east-1")
	}
	server, err := url.Parse(cmp.Or(endpoint, amazon))
	if err != nil {
		return nil, err
	}
	creds := newCredentials(l.Credentials, o.Getenv)
	client, err := minio.New(server.Host, &minio.Options{
		Creds: creds, Secure: server.Scheme == "https", Region: region, BucketLookup: lookup, MaxRetries: tries,
		Transport: &impatient{base: transport(), stall: cmp.Or(o.Stall, defaultStall)},
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.URL, err)
	}
	b := &s3{core: minio.Core{Client: client}, bucket: u.Host, url: l.URL}
	if p := strings.Trim(path.Clean(u.Path), "/"); p != "" && p != "." {
		b.prefix = p + "/"
	}
	b.anonymous = func() bool {
		v, err := creds.GetWithContext(nil)
		return err != nil || v.AccessKeyID == ""
	}
	return b, nil
}

func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true // or what is read would not be what is stored
	t.MaxIdleConnsPerHost = 16
	return t
}

func (b *s3) String() string { return b.url }

// failed words an error of the server.
func (b *s3) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", b.url, context.Cause(ctx))
	}
	answer := minio.ToErrorResponse(err)
	switch answer.Code {
	case minio.NoSuchKey:
		return fmt.Errorf("%s: %w", b.url, fs.ErrNotExist)
	case minio.PreconditionFailed:
		return fmt.Errorf("%s: %w", b.url, fs.ErrExist)
	case minio.NoSuchBucket:
		return fmt.Errorf("%s: the server has no such bucket: make it, or look at the endpoint and region", b.url)
	}
	switch {
	case answer.StatusCode == http.StatusForbidden && b.anonymous():
		return fmt.Errorf("%s: the server answers %s, and there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for a profile in ~/.aws", b.url, answer.Code)
	case answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s: the server answers %s: the credentials need s3:ListBucket for the bucket, s3:GetObject and s3:PutObject for what is in it", b.url, answer.Code)
	case answer.StatusCode != 0:
		number := strconv.Itoa(answer.StatusCode) // the code of an answer without a text begins with it
		return fmt.Errorf("%s: the server answers %s %s", b.url, number, strings.TrimPrefix(cmp.Or(answer.Code, http.StatusText(answer.StatusCode)), number+" "))
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without the address, which is long
	}
	return fmt.Errorf("%s: %w", b.url, err)
}

func (b *s3) Get(ctx context.Context, name string, from int64) (io.ReadCloser, error) {
	var o minio.GetObjectOptions
	if from > 0 {
		if err := o.SetRange(from, 0); err != nil {
			return nil, err
		}
	}
	body, _, _, err := b.core.GetObject(ctx, b.bucket, b.prefix+name, o)
	for attempt := 1; isCutAnswer(err) && attempt < tries; attempt++ {
		body, _, _, err = b.core.GetObject(ctx, b.bucket, b.prefix+name, o)
	}
	if minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return io.NopCloser(strings.NewReader("")), nil // there is no more of it
	}
	if err != nil {
		return nil, b.failed(ctx, err)
	}
	return &s3Body{ReadCloser: body, ctx: ctx, b: b}, nil
}

// isCutAnswer tells of a document of the server's that ended early, which its client does
// not ask for again.
func isCutAnswer(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }

// s3Body names the bucket in errors, of which the next attempt may be free.
type s3Body struct {
	io.ReadCloser
	ctx context.Context
	b   *s3
}

func (r *s3Body) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = cutError{r.b.failed(r.ctx, err)}
	}
	return n, err
}

func (b *s3) Put(ctx context.Context, name string, body Body) error {
	return b.put(ctx, name, body, minio.PutObjectOptions{})
}

func (b *s3) PutFirst(ctx context.Context, name string, body Body) error {
	var o minio.PutObjectOptions
	o.SetMatchETagExcept("*")
	o.DisableMultipart = true // the condition would be looked at in the end alone
	err := b.put(ctx, name, body, o)
	if _, refused := errors.AsType[refusal](err); !refused {
		return err
	}
	// A server that does not know conditions.
	if _, err := b.Stat(ctx, name); err == nil {
		return fmt.Errorf("%s: %w", b.url, fs.ErrExist)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return b.Put(ctx, name, body)
}

// refusal is the answer of a server that does not know what it was asked for.
type refusal struct{ error }

// conflictPause is how long it waits for another writer of the same name.
const conflictPause = 200 * time.Millisecond

func (b *s3) put(ctx context.Context, name string, body Body, o minio.PutObjectOptions) error {
	for attempt := 1; ; attempt++ {
		if _, err := body.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := b.core.Client.PutObject(ctx, b.bucket, b.prefix+name, body, body.Size(), o)
		switch answer := minio.ToErrorResponse(err); {
		case err == nil:
			return nil
		case answer.StatusCode == http.StatusNotImplemented:
			return refusal{b.failed(ctx, err)}
		case answer.StatusCode == http.StatusConflict && attempt < tries: // with another conditional write
			time.Sleep(conflictPause)
		default:
			return b.failed(ctx, err)
		}
	}
}

func (b *s3) Stat(ctx context.Context, name string) (Blob, error) {
	info, err := b.core.StatObject(ctx, b.bucket, b.prefix+name, minio.StatObjectOptions{})
	if err != nil {
		return Blob{}, b.failed(ctx, err)
	}
	return Blob{Name: name, Size: info.Size, Changed: info.LastModified}, nil
}

func (b *s3) List(ctx context.Context, prefix string) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		last := ""
		for attempt := 1; ; attempt++ {
			before := last
			err := b.listAfter(ctx, prefix, &last, yield)
			if err == nil {
				return
			}
			if last != before {
				attempt = 1 // it gets on
			}
			if !isCutAnswer(err) || attempt >= tries {
				yield(Blob{}, b.failed(ctx, err))
				return
			}
		}
	}
}

// listAfter lists what follows the last key, and moves it on. Without an error it is at the
// end, or nobody wants more.
func (b *s3) listAfter(ctx context.Context, prefix string, last *string, yield func(Blob, error) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o := minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true, StartAfter: *last}
	for info := range b.core.ListObjectsIter(ctx, b.bucket, o) {
		if info.Err != nil {
			return info.Err
		}
		*last = info.Key
		if !yield(Blob{Name: strings.TrimPrefix(info.Key, b.prefix), Size: info.Size, Changed: info.LastModified}, nil) {
			return nil
		}
	}
	return nil
}
