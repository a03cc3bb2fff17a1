package plan_test

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	p, diags := parse(t, secretPipeline+"variable \"odd\" {\n  type = string\n  default = \"a b/c&d\"\n  sensitive = true\n}\n"+
		"download \"made\" {\n  source = \"https://example.org/${jsonencode(var.token)}/x\"\n}\n", nil)
	if diags.HasErrors() {
		t.Fatal(texts(diags))
	}
	for text, want := range map[string]string{
		"GET https://example.org/?t=default-of-token&x=1": "GET https://example.org/?t=(sensitive)&x=1",
		"get \"https://default-of-token@example.org\"":    "get \"(sensitive)\"", // as the attribute has it
		"step 70001 of 700010":                            "step (sensitive) of 700010",
		"https://x.org/a%20b%2Fc&d?q=a+b%2Fc%26d":         "https://x.org/(sensitive)?q=(sensitive)",
		"git+ssh://ada:pass@host/x, s3://key@bucket":      "git+ssh://(sensitive)@host/x, s3://(sensitive)@bucket",
		"mail ada@example.org, https://host/a@b":          "mail ada@example.org, https://host/a@b",
		// Made of a secret, and spelt as a client of HTTP does.
		"Get https://example.org/%22default-of-token%22/x: EOF": "Get (sensitive): EOF",
		"": "",
	} {
		if got := p.Redact(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// An address with a login in a pipeline would be in every copy of its text.
func TestLoginsInAddressesAreRefused(t *testing.T) {
	const download = "download \"d\" {\n  source = %\n}\n"
	for name, src := range map[string]string{
		"written": strings.Replace(download, "%", `"https://ada:hunter2@example.org/x.zip"`, 1),
		"local":   "locals {\n  u = \"https://ada:hunter2@example.org\"\n}\n" + strings.Replace(download, "%", `"${local.u}/x.zip"`, 1),
	} {
		p, diags := parse(t, src, nil)
		text := texts(diags)
		if !strings.Contains(text, "Password in an address") || strings.Contains(text, "hunter2") || !strings.Contains(text, "sensitive = true") {
			t.Errorf("%s: %s", name, text)
		}
		if name == "written" && strings.Contains(string(p.Files["x.hcl"].Bytes), "hunter2") {
			t.Errorf("%s: the source that is shown has it", name)
		}
	}
	ok := "variable \"login\" {\n  type = string\n  default = \"ada:hunter2\"\n  sensitive = true\n}\n" +
		strings.Replace(download, "%", `"https://${var.login}@example.org/x.zip"`, 1)
	if _, diags := parse(t, ok, nil); diags.HasErrors() {
		t.Errorf("a sensitive login is refused: %s", texts(diags))
	}
}
