// Package seal puts the digest of a JSON document into the document, so that
// whoever reads it later can tell that it is as it was written: a bit that flips in
// a number is as good JSON as before.
//
// It refuses to know what a document says. One without a seal passes: an older
// version of the program, or another program, wrote it. The digest is of the text
// and not of what it means, so a sealed document is not to be edited by hand.
package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// The seal is the first member, on a line of its own.
const (
	before = "{\n  \"sha256\": \""
	after  = "\",\n"
)

// Seal adds the seal to an object with at least one member, as json.MarshalIndent
// writes it with two spaces.
func Seal(object []byte) []byte {
	rest, ok := bytes.CutPrefix(object, []byte("{\n"))
	if !ok {
		panic(fmt.Sprintf("seal: %.20q is no indented object", object))
	}
	return fmt.Appendf(nil, "%s%s%s%s", before, digest(rest), after, rest)
}

// ErrBroken is the error of [Check].
var ErrBroken = errors.New("its checksum does not match: it is not as it was written")

// Check compares a document with its seal, where it has one.
func Check(text []byte) error {
	sealed, ok := bytes.CutPrefix(text, []byte(before))
	if !ok {
		return nil
	}
	sum, rest, ok := bytes.Cut(sealed, []byte(after))
	if !ok || string(sum) != digest(rest) {
		return ErrBroken
	}
	return nil
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
