package remote_test

import (
	"strings"
	"testing"

	"sslpipe/internal/remote"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]remote.Location{
		"s3://bucket":               {URL: "s3://bucket"},
		"s3://my.bucket-2/a/b":      {URL: "s3://my.bucket-2/a/b"},
		"s3://bucket/p?region=eu-1": {URL: "s3://bucket/p", Region: "eu-1"},
		"s3://bucket?credentials=iam&endpoint=https%3A%2F%2Fminio.lab:9000": {URL: "s3://bucket", Credentials: "iam", Endpoint: "https://minio.lab:9000"},
		"s3://bucket?endpoint=http://localhost:9000":                        {URL: "s3://bucket", Endpoint: "http://localhost:9000"},
		"file:///mnt/shared/results":                                        {URL: "file:///mnt/shared/results"},
	} {
		if got, err := remote.Parse(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "the url of the store: A store is s3://BUCKET/PREFIX or file:///FOLDER.",
		"bucket/prefix":                          "the url of the store: A store is s3://BUCKET/PREFIX or file:///FOLDER.",
		"https://bucket.s3.amazonaws.com":        "the url of the store: A store is s3://",
		"s3:///prefix":                           "The name of a bucket has 3 to 63",
		"s3://Bucket":                            "The name of a bucket has 3 to 63",
		"s3://bucket/a/../b":                     "There must be no .. in it.",
		"s3://bucket#x":                          "Nothing stands behind the path.",
		"file://host/folder":                     "with three slashes: file:///mnt/results.",
		"file:folder":                            "with three slashes: file:///mnt/results.",
		"file:///x?region=eu":                    "the region of the store: A folder has none",
		"s3://me:sesame@bucket/x":                "the url of the store: A store takes no password or key.",
		"s3://sesame@bucket/x":                   "the url of the store: A store takes no password or key.",
		"s3://bucket?secret=sesame":              "A store takes no password or key",
		"s3://bucket?region=a&region=b":          "each once",
		"s3://bucket?region=sesame%20x":          "the region of the store: A region is a word",
		"s3://bucket?credentials=sesame":         "They come from one of: none, iam.",
		"s3://bucket?endpoint=sesame":            "the endpoint of the store: The address of an S3 server begins with https://",
		"s3://bucket?endpoint=http://a:sesame@b": "the endpoint of the store: A store takes no password",
		"s3://bucket?endpoint=http://=":          "no S3 server at this host",
		"s3://bucket?endpoint=https://sesame.s3.amazonaws.com:x@": "The address of an S3 server begins with https://",
		"s3://bucket?endpoint=https://a.s3-outposts.example":      "no S3 server at this host",
		"s3://bucket?endpoint=http://a/sesame":                    "a host and a port",
		"s3://%zz":                                                "It cannot be read as an address.",
		"s3://bucket?%zz":                                         "What stands behind the ? cannot be read",
	} {
		_, err := remote.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: a secret is shown: %v", text, err)
		}
	}
}
