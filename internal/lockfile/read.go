package lockfile

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// maxBytes is room for some 100,000 units.
const maxBytes = 32 << 20

// SyntaxError is what is wrong with a lock file.
type SyntaxError struct {
	Path  string
	Files map[string]*hcl.File // the source, for the diagnostics
	Diags hcl.Diagnostics
}

func (e *SyntaxError) Error() string {
	d := e.Diags[0]
	text := fmt.Sprintf("%s:%d: %s: %s", e.Path, start(d).Line, d.Summary, d.Detail)
	if more := len(e.Diags) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

func start(d *hcl.Diagnostic) hcl.Pos {
	if d.Subject == nil {
		return hcl.InitialPos
	}
	return d.Subject.Start
}

// Read reads a lock file. The error is [fs.ErrNotExist] where there is none, and a
// [*SyntaxError] where it is not one.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	src, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, err
	}
	return Parse(src, path)
}

// Parse reads the text of a lock file; path appears in what is said about it.
func Parse(src []byte, path string) (*File, error) {
	parser := hclparse.NewParser()
	var read File
	diags := suspicious(src, path)
	if !diags.HasErrors() {
		var file *hcl.File
		if file, diags = parser.ParseHCL(src, path); !diags.HasErrors() {
			diags = read.decode(file.Body)
		}
	}
	if diags.HasErrors() {
		// HCL's order differs from run to run.
		slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
			return cmp.Or(cmp.Compare(start(a).Byte, start(b).Byte), cmp.Compare(a.Summary, b.Summary))
		})
		files := parser.Files()
		if files[path] == nil && len(src) <= maxBytes {
			files[path] = &hcl.File{Bytes: src}
		}
		return nil, &SyntaxError{Path: path, Files: files, Diags: diags}
	}
	read.sort()
	return &read, nil
}

var conflict = regexp.MustCompile(`(?m)^(<<<<<<<|>>>>>>>|=======)( .*)?$`)

// suspicious refuses what would be a riddle as a syntax error, or could exhaust
// the parser.
func suspicious(src []byte, path string) hcl.Diagnostics {
	if len(src) > maxBytes {
		return problem(hcl.Range{Filename: path, Start: hcl.InitialPos, End: hcl.InitialPos}, "File too large", "A lock file may have at most %d bytes.", maxBytes)
	}
	if at := conflict.FindIndex(src); at != nil {
		line := 1 + bytes.Count(src[:at[0]], []byte("\n"))
		mark := hcl.Range{Filename: path,
			Start: hcl.Pos{Line: line, Column: 1, Byte: at[0]},
			End:   hcl.Pos{Line: line, Column: 1 + at[1] - at[0], Byte: at[1]}}
		return problem(mark, "Unresolved merge conflict", "Keep the lines of one side, or delete the file, and run sslpipe lock again.")
	}
	tokens, _ := hclsyntax.LexConfig(src, path, hcl.InitialPos) // the parser finds these mistakes too
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenMinus, hclsyntax.TokenBang, hclsyntax.TokenQuestion,
			hclsyntax.TokenPlus, hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPercent:
			return problem(t.Range, "Not a lock file", "Values in a lock file are texts in quotes.")
		}
		if depth > 2 {
			return problem(t.Range, "Not a lock file", "A lock file has a runtime and units with texts; nothing but scores is nested in them.")
		}
	}
	return nil
}

func problem(at hcl.Range, summary, format string, args ...any) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &at}}
}

var fileSchema = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{{Name: "runtime", Required: true}},
	Blocks:     []hcl.BlockHeaderSchema{{Type: "unit", LabelNames: []string{"address"}}},
}

var unitSchema = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{{Name: "fingerprint", Required: true}, {Name: "work"}, {Name: "threads"}, {Name: "result"}, {Name: "scores"}},
}

var (
	fingerprints = regexp.MustCompile(`^[0-9A-Za-z_-]{1,128}$`)
	digests      = regexp.MustCompile(`^[0-9a-f]{64}$`)
	counts       = regexp.MustCompile(`^[1-9][0-9]{0,5}$`)
)

func (f *File) decode(body hcl.Body) hcl.Diagnostics {
	content, diags := body.Content(fileSchema)
	if a := content.Attributes["runtime"]; a != nil {
		var more hcl.Diagnostics
		f.Runtime, more = text(a, nil, "")
		diags = append(diags, more...)
	}
	seen := map[string]hcl.Range{}
	for _, block := range content.Blocks {
		u := Unit{Address: block.Labels[0]}
		if first, twice := seen[u.Address]; twice {
			diags = append(diags, problem(block.LabelRanges[0], "Unit twice", "%s is also at line %d. Run sslpipe lock to write the file again after one of them is deleted.", u.Address, first.Start.Line)...)
		}
		seen[u.Address] = block.LabelRanges[0]
		diags = append(diags, u.decode(block.Body)...)
		f.Units = append(f.Units, u)
	}
	return diags
}

func (u *Unit) decode(body hcl.Body) hcl.Diagnostics {
	content, diags := body.Content(unitSchema)
	threads := ""
	for _, known := range []struct {
		name  string
		to    *string
		form  *regexp.Regexp
		legal string
	}{
		{"fingerprint", &u.Fingerprint, fingerprints, "A fingerprint is a name of letters, digits, - and _"},
		{"work", &u.Work, fingerprints, "A work is a name of letters, digits, - and _"},
		{"threads", &threads, counts, "Threads are a number from 1"},
		{"result", &u.Result, digests, "A result is a sha256 digest: 64 digits and letters from a to f"},
	} {
		if a := content.Attributes[known.name]; a != nil {
			var more hcl.Diagnostics
			*known.to, more = text(a, known.form, known.legal)
			diags = append(diags, more...)
		}
	}
	if threads != "" {
		u.Threads, _ = strconv.Atoi(threads) // has the form of a number
	}
	if a := content.Attributes["scores"]; a != nil {
		var more hcl.Diagnostics
		u.Scores, more = scores(a)
		diags = append(diags, more...)
	}
	return diags
}

// scores are numbers by name, each a text.
func scores(a *hcl.Attribute) (map[string]float64, hcl.Diagnostics) {
	value, diags := a.Expr.Value(nil)
	if diags.HasErrors() {
		return nil, diags
	}
	wrong := problem(a.Expr.Range(), "Wrong type of value", "scores are numbers in quotes, by their names in quotes.")
	if value.IsNull() || !value.IsWhollyKnown() || !value.CanIterateElements() || !value.Type().IsObjectType() {
		return nil, wrong
	}
	all := map[string]float64{}
	for name, v := range value.AsValueMap() {
		if v.IsNull() || v.Type() != cty.String {
			return nil, wrong
		}
		x, err := strconv.ParseFloat(v.AsString(), 64)
		if err != nil {
			return nil, wrong
		}
		all[name] = x
	}
	return all, nil
}

// text is the value of an attribute, which must be a literal text like form.
func text(a *hcl.Attribute, form *regexp.Regexp, legal string) (string, hcl.Diagnostics) {
	value, diags := a.Expr.Value(nil)
	if diags.HasErrors() {
		return "", diags
	}
	if value.IsNull() || !value.IsWhollyKnown() || value.Type() != cty.String {
		return "", problem(a.Expr.Range(), "Wrong type of value", "%s is a text in quotes.", a.Name)
	}
	if form != nil && !form.MatchString(value.AsString()) {
		return "", problem(a.Expr.Range(), "Malformed value", "%s, not %q.", legal, value.AsString())
	}
	return value.AsString(), nil
}
