package fetch

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// secure serves numbered over https with a certificate, and makes a client that
// trusts its maker.
func secure(t *testing.T, handler http.Handler, change func(*x509.Certificate)) (*httptest.Server, *http.Client) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return server, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

func TestCertificates(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*x509.Certificate)
		client  *http.Client // nil: the one that trusts
		message string
	}{
		"good":             {func(*x509.Certificate) {}, nil, ""},
		"signed by nobody": {func(*x509.Certificate) {}, &http.Client{}, "certificate signed by unknown authority"},
		"expired":          {func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }, nil, "certificate has expired"},
		"not yet":          {func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }, nil, "not yet valid"},
		"of another host":  {func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 9)} }, nil, "valid for 127.0.0.9, not 127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{answers: []http.HandlerFunc{whole(`"1"`, numbered)}}
			server, client := secure(t, s, c.change)
			if c.client != nil {
				client = c.client
			}
			f, retries := quick, 0
			f.Client, f.Retrying = client, func(error, time.Duration) { retries++ }
			_, err := pinnedOf(t, f, server.URL)
			if c.message == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			for _, want := range []string{c.message, server.URL, "the server cannot prove who it is", "the clock of this machine", "SSL_CERT_FILE"} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
			if retries != 0 || len(s.requests) != 0 {
				t.Errorf("%d requests, asked again %d times", len(s.requests), retries)
			}
		})
	}
}

func to(address string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", address)
		w.WriteHeader(http.StatusFound)
	}
}

func TestRedirects(t *testing.T) {
	open := httptest.NewServer(whole(`"1"`, numbered))
	defer open.Close()
	for name, c := range map[string]struct {
		answers []http.HandlerFunc
		message string
		asked   int
	}{
		"once":           {[]http.HandlerFunc{to("/there"), whole(`"1"`, numbered)}, "", 2},
		"in circles":     {[]http.HandlerFunc{to("/")}, "server points elsewhere 10 times in a row", 10},
		"out of https":   {[]http.HandlerFunc{to(open.URL)}, "server points from https to " + open.URL + ", where anybody on the way could change the file", 1},
		"to a file":      {[]http.HandlerFunc{to("file:///etc/passwd")}, "server points to file:///etc/passwd, which is no http or https address", 1},
		"to a script":    {[]http.HandlerFunc{to("javascript:alert(1)")}, "which is no http or https address", 1},
		"with escapes":   {[]http.HandlerFunc{to("gopher://x/%1b[2J")}, "server points to gopher://x/%1b[2J, which is", 1},
		"with password":  {[]http.HandlerFunc{to("ftp://me:sesame@x/")}, "server points to ftp://me:xxxxx@x/, which is", 1},
		"without saying": {[]http.HandlerFunc{status(302)}, "server answers 302 Found", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{answers: c.answers}
			server, client := secure(t, s, func(*x509.Certificate) {})
			f := quick
			f.Client = client
			_, err := pinnedOf(t, f, server.URL)
			if (c.message == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.message) {
				t.Errorf("error %v, want %q", err, c.message)
			}
			for _, header := range s.requests {
				if from := header.Get("Referer"); from != "" {
					t.Errorf("a server is told of %s", from)
				}
			}
			if len(s.requests) != c.asked {
				t.Errorf("asked %d times, want %d", len(s.requests), c.asked)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	for raw, want := range map[string]string{
		"https://example.org/a b":       "https://example.org/a%20b",
		"https://me:secret@example.org": "https://me:xxxxx@example.org",
		"https://x/\x1b[2J":             `"https://x/\x1b[2J"`,
	} {
		if got := Address(raw); got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
}
