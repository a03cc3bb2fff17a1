package remotetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"sslpipe/internal/remote"
)

// Contract checks what every bucket does. The bucket must be empty.
func Contract(t *testing.T, b remote.Bucket) {
	t.Run("absent", func(t *testing.T) { absent(t, b) })
	t.Run("put and get", func(t *testing.T) { putAndGet(t, b) })
	t.Run("first wins", func(t *testing.T) { firstWins(t, b) })
	t.Run("list", func(t *testing.T) { list(t, b) })
	t.Run("interrupted", func(t *testing.T) { interrupted(t, b) })
}

func absent(t *testing.T, b remote.Bucket) {
	ctx := context.Background()
	if _, err := b.Stat(ctx, "results/none.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat: %v", err)
	}
	if _, err := remote.ReadAll(ctx, b, "results/none.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("get: %v", err)
	}
	for blob, err := range b.List(ctx, "results/") {
		t.Errorf("listed %v, %v", blob, err)
	}
}

func putAndGet(t *testing.T, b remote.Bucket) {
	ctx := context.Background()
	for _, text := range []string{"0123456789", "another text, which replaces it"} {
		if err := b.Put(ctx, "files/ab/cd", bytes.NewReader([]byte(text))); err != nil {
			t.Fatal(err)
		}
		if blob, err := b.Stat(ctx, "files/ab/cd"); err != nil || blob.Size != int64(len(text)) || blob.Name != "files/ab/cd" || blob.Changed.IsZero() {
			t.Errorf("stat %+v, %v", blob, err)
		}
		for from := range len(text) + 2 {
			r, err := b.Get(ctx, "files/ab/cd", int64(from))
			if err != nil {
				t.Fatalf("from %d: %v", from, err)
			}
			got, err := io.ReadAll(r)
			if err != nil || string(got) != text[min(from, len(text)):] || r.Close() != nil {
				t.Errorf("from %d: %q, %v", from, got, err)
			}
		}
	}
}

func firstWins(t *testing.T, b remote.Bucket) {
	ctx := context.Background()
	const writers = 8
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for i := range writers {
		wg.Go(func() { errs[i] = b.PutFirst(ctx, "results/f.json", bytes.NewReader(fmt.Appendf(nil, "writer %d", i))) })
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won < 0:
			won = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("writer %d: %v, though %d was first", i, err, won)
		}
	}
	if text, err := remote.ReadAll(ctx, b, "results/f.json"); err != nil || string(text) != fmt.Sprintf("writer %d", won) {
		t.Errorf("%q counts, %v; writer %d was first", text, err, won)
	}
}

// Large checks a blob that goes in several parts, which the server of this package does
// not understand over plain HTTP.
func Large(t *testing.T, b remote.Bucket) {
	ctx := context.Background()
	content := bytes.Repeat([]byte("0123456789abcdef"), 17<<20/16) // more than a part of an upload
	section := io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content)))
	if err := b.Put(ctx, "files/la/large", section); err != nil {
		t.Fatal(err)
	}
	got, err := remote.ReadAll(ctx, b, "files/la/large")
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func list(t *testing.T, b remote.Bucket) {
	ctx := context.Background()
	names := func(prefix string) (list []string) {
		for blob, err := range b.List(ctx, prefix) {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, blob.Name)
		}
		slices.Sort(list)
		return list
	}
	if got := names("results/"); !slices.Equal(got, []string{"results/f.json"}) {
		t.Errorf("results: %q", got)
	}
	if got := names(""); !slices.Equal(got, []string{"files/ab/cd", "results/f.json"}) {
		t.Errorf("all: %q", got)
	}
	for _, err := range b.List(ctx, "") { // it can be left
		if err != nil {
			t.Error(err)
		}
		break
	}
}

func interrupted(t *testing.T, b remote.Bucket) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Put(ctx, "files/no/no", bytes.NewReader([]byte("text"))); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if _, err := b.Stat(context.Background(), "files/no/no"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a blob can be seen: %v", err)
	}
	if text := b.String(); !strings.Contains(text, "://") {
		t.Errorf("url %q", text)
	}
}
