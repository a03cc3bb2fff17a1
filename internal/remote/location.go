package remote

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Location says where results are shared.
type Location struct {
	// URL is s3://bucket/prefix or file:///folder.
	URL string
	// Endpoint is the address of an S3 server, as https://minio.lab:9000; empty is
	// what AWS_ENDPOINT_URL says, and else Amazon's.
	Endpoint string
	// Region is that of the bucket; empty is what AWS_REGION says, and else what the
	// server says.
	Region string
	// Credentials is where they come from, one of [Sources].
	Credentials string
}

// Mistake is what is wrong with a part of a location. What it says never holds the
// part itself, in which there may be a password.
type Mistake struct {
	Part   string // url, endpoint, region or credentials
	Reason string // in sentences
}

func (m *Mistake) Error() string {
	return fmt.Sprintf("the %s of the store: %s", m.Part, m.Reason)
}

// Parse reads a location from one line: the URL, behind which ?endpoint=, region=
// and credentials= may stand, as in s3://bucket/prefix?region=eu-central-1.
func Parse(text string) (Location, error) {
	base, query, _ := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return Location{}, &Mistake{"url", "What stands behind the ? cannot be read: it is region=, endpoint= and credentials=, with & between them."}
	}
	l := Location{URL: base}
	parts := map[string]*string{"endpoint": &l.Endpoint, "region": &l.Region, "credentials": &l.Credentials}
	for name, given := range values {
		part, ok := parts[name]
		if !ok || len(given) != 1 {
			return Location{}, &Mistake{"url", "Behind the ? stand region=, endpoint= and credentials=, each once, and nothing else. A store takes no password or key: see credentials."}
		}
		*part = given[0]
	}
	if mistakes := l.Check(); len(mistakes) > 0 {
		return Location{}, &mistakes[0]
	}
	return l, nil
}

// String is the URL, which holds no secret.
func (l Location) String() string { return l.URL }

// Check lists what is wrong with a location, without looking whether anything is
// there.
func (l Location) Check() []Mistake {
	var mistakes []Mistake
	wrong := func(part, reason string) { mistakes = append(mistakes, Mistake{part, reason}) }
	if reason := checkURL(l.URL); reason != "" {
		wrong("url", reason)
	}
	if reason := checkEndpoint(l.Endpoint); reason != "" {
		wrong("endpoint", reason)
	}
	if !regions.MatchString(l.Region) {
		wrong("region", "A region is a word such as eu-central-1.")
	}
	if l.Credentials != "" && !slices.Contains(Sources, l.Credentials) {
		wrong("credentials", "They come from one of: "+strings.Join(Sources, ", ")+".")
	}
	if strings.HasPrefix(l.URL, "file:") {
		for part, text := range map[string]string{"endpoint": l.Endpoint, "region": l.Region, "credentials": l.Credentials} {
			if text != "" {
				wrong(part, "A folder has none: it is for s3:// alone.")
			}
		}
	}
	slices.SortFunc(mistakes, func(a, b Mistake) int { return strings.Compare(b.Part, a.Part) }) // url first
	return mistakes
}

var (
	regions = regexp.MustCompile(`^[a-z0-9-]{0,64}$`)
	buckets = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

const legalURLs = "A store is s3://BUCKET/PREFIX or file:///FOLDER."

const noSecrets = "A store takes no password or key. Credentials come from AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or from ~/.aws: see credentials."

func checkURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "It cannot be read as an address. " + legalURLs
	case u.User != nil:
		return noSecrets
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "Nothing stands behind the path. " + legalURLs
	case u.Scheme == "s3" && !buckets.MatchString(u.Host):
		return "The name of a bucket has 3 to 63 small letters, digits, dots and hyphens. " + legalURLs
	case u.Scheme == "file" && (u.Host != "" || !path.IsAbs(u.Path)):
		return "A folder begins at the root, with three slashes: file:///mnt/results."
	case u.Scheme != "s3" && u.Scheme != "file":
		return legalURLs
	}
	if slices.Contains(strings.Split(u.Path, "/"), "..") {
		return "There must be no .. in it. " + legalURLs
	}
	return ""
}

func checkEndpoint(text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "The address of an S3 server begins with https:// or http://, as https://minio.lab:9000."
	case u.User != nil:
		return noSecrets
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "The address of an S3 server is a host and a port: bucket and prefix are in url."
	}
	if _, err := minio.New(u.Host, &minio.Options{}); err != nil { // asks nobody
		return "There can be no S3 server at this host. It is a name or number, and a port where there is one, as https://minio.lab:9000; Amazon's is https://s3.REGION.amazonaws.com."
	}
	return ""
}
