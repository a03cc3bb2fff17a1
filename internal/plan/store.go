package plan

import (
	"maps"
	"slices"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/remote"
	"sslpipe/internal/schema"
)

// storeConfig is the store block.
type storeConfig struct {
	URL         string `hcl:"url" example:"\"s3://experiments/rotation\"" doc:"s3://BUCKET/PREFIX, or file:///FOLDER for a folder that all machines see. The bucket or folder must be there. No password or key stands in it."`
	Endpoint    string `hcl:"endpoint,optional" example:"\"https://minio.lab:9000\"" doc:"The address of the S3 server. Without it, what AWS_ENDPOINT_URL says, and else Amazon's."`
	Region      string `hcl:"region,optional" example:"\"eu-central-1\"" doc:"Of the bucket. Without it, what AWS_REGION says, and else what the server says."`
	Credentials string `hcl:"credentials,optional" example:"\"iam\"" doc:"iam asks the machine's metadata service for its role; none is for a public bucket. Without it they come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the profile AWS_PROFILE in ~/.aws. They are never stored or shown."`
}

func (c *storeConfig) location() remote.Location {
	return remote.Location{URL: c.URL, Endpoint: c.Endpoint, Region: c.Region, Credentials: c.Credentials}
}

// Enums implements schema.Enumerator.
func (*storeConfig) Enums() map[string][]string {
	return map[string][]string{"credentials": remote.Sources}
}

// Validate implements schema.Validator.
func (c *storeConfig) Validate() []schema.Problem {
	var problems []schema.Problem
	for _, m := range c.location().Check() {
		problems = append(problems, schema.Problem{Field: m.Part, Message: m.Reason})
	}
	return problems
}

// decodeStore reads where results are shared, which is no part of the experiment.
func (p *planner) decodeStore() {
	block := p.root.spec.Store
	config := &storeConfig{}
	d := newDecoder(p, nil, block.Range, nil)
	d.sets = nil // those of the pipeline block
	ok := d.body([]layer{{body: block.Body, env: p.root.bare()}}, config, "store", "", block.Range)
	for _, name := range slices.Sorted(maps.Keys(d.secret)) {
		if d.secret[name] {
			ok = false
			p.report(hclspec.Errorf(d.ranges[name], "Invalid value", "%s of the store is shown in messages, so it cannot be made of a sensitive variable. No password or key belongs there.", name))
		}
	}
	if ok {
		l := config.location()
		p.store = &l
	}
}
