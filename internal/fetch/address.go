package fetch

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/cenkalti/backoff/v5"
)

// Address writes an address for people: without its password,
// and quoted where a terminal would take it for something else than text.
func Address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return strconv.Quote(raw)
	}
	return u.Redacted()
}

// digestOfAddress tells addresses apart without keeping one. The password does not
// count: with another it is the same file.
func digestOfAddress(raw string) string {
	sum := sha256.Sum256([]byte(Address(raw)))
	return hex.EncodeToString(sum[:])
}

// maxRedirects is how often a server may point elsewhere.
const maxRedirects = 10

// redirect decides whether to go where a server points. What was asked for over
// https is not fetched over http, where anybody on the way could change it.
func redirect(to *http.Request, via []*http.Request) error {
	// Go tells the next server the whole address that led there, and a token in it.
	to.Header.Del("Referer")
	switch scheme := to.URL.Scheme; {
	case len(via) >= maxRedirects:
		return backoff.Permanent(fmt.Errorf("server points elsewhere %d times in a row, at last to %s: check the address in a browser", maxRedirects, Address(to.URL.String())))
	case scheme != "http" && scheme != "https":
		return backoff.Permanent(fmt.Errorf("server points to %s, which is no http or https address: check the address in a browser", Address(to.URL.String())))
	case scheme == "http" && via[len(via)-1].URL.Scheme == "https":
		return backoff.Permanent(fmt.Errorf("server points from https to %s, where anybody on the way could change the file: look for another address", Address(to.URL.String())))
	}
	return nil
}

// unreachable judges why there was no answer: what will be the same next time is
// permanent.
func unreachable(err error) error {
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return backoff.Permanent(fmt.Errorf("the server cannot prove who it is: %s. Check the address and the clock of this machine; where a proxy reads along, put its certificate into the file that SSL_CERT_FILE names",
			plain(untrusted.Err.Error())))
	}
	return err
}

// plain quotes the control characters of a text that a server has a say in.
func plain(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
