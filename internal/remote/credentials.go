package remote

import "github.com/minio/minio-go/v7/pkg/credentials"

// Sources are where credentials come from. Without one, they are taken from the
// environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), else
// from the files under ~/.aws (profile AWS_PROFILE).
var Sources = []string{
	"none", // a public bucket
	"iam",  // the role of the machine, as its metadata service tells
}

// Variables by which a container is told to ask for a role: asking is meant then.
var roleVariables = []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}

// newCredentials finds credentials when a request needs some. A metadata service is
// asked only where that is meant: on a laptop, waiting for one takes long.
func newCredentials(source string, getenv func(string) string) *credentials.Credentials {
	switch source {
	case "none":
		return credentials.NewStatic("", "", "", credentials.SignatureAnonymous)
	case "iam":
		return credentials.NewIAM("")
	}
	chain := []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
	for _, name := range roleVariables {
		if getenv(name) != "" {
			chain = append(chain, &credentials.IAM{})
			break
		}
	}
	return credentials.NewChainCredentials(chain)
}
