package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
)

// SHA256 returns the hexadecimal digest of a file. It stops when the context
// ends, and calls read, unless that is nil, with the bytes so far.
func SHA256(ctx context.Context, path string, read func(done int64)) (digest string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash, buffer := sha256.New(), make([]byte, 64<<10)
	for done := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := f.Read(buffer)
		hash.Write(buffer[:n])
		if done += int64(n); read != nil {
			read(done)
		}
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(hash.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// IsSHA256 reports whether s is written as a SHA-256 digest.
func IsSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}
