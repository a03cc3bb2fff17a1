package format

import (
	"bytes"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// tidy settles the lines of a text that parses: no runs of blank lines, none
// behind an opening bracket, before a closing one or at the ends of the file, no
// space at the end of comments, and \n alone between lines. What is within a
// heredoc stays.
func tidy(src []byte, path string) []byte {
	tokens, _ := hclsyntax.LexConfig(src, path, hcl.InitialPos)
	var out bytes.Buffer
	blank, opened := false, true // as if a bracket opened the file
	at := tokens[0].Range.Start.Byte
	for len(tokens) > 0 {
		line := tokens[:lineLength(tokens)]
		tokens = tokens[len(line):]
		if isBlank(line) {
			at, blank = line[len(line)-1].Range.End.Byte, true
			continue
		}
		if blank && !opened && !closes(line[0].Type) {
			out.WriteByte('\n')
		}
		blank, opened = false, opens(line)
		for _, tok := range line {
			out.Write(src[at:tok.Range.Start.Byte])
			out.Write(settled(tok))
			at = tok.Range.End.Byte
		}
	}
	if out.Len() == 0 {
		return nil
	}
	return append(bytes.TrimRight(out.Bytes(), "\n"), '\n')
}

// lineLength is the number of tokens up to the end of the first line. A heredoc is
// part of the line that it begins in.
func lineLength(tokens hclsyntax.Tokens) int {
	for i, tok := range tokens {
		if tok.Type == hclsyntax.TokenNewline || tok.Type == hclsyntax.TokenComment && bytes.HasSuffix(tok.Bytes, []byte("\n")) {
			return i + 1
		}
	}
	return len(tokens)
}

// isBlank is true for the end of the file as well.
func isBlank(line hclsyntax.Tokens) bool {
	return line[0].Type == hclsyntax.TokenNewline || line[0].Type == hclsyntax.TokenEOF
}

// opens tells whether a bracket is what a line ends in, but for comments.
func opens(line hclsyntax.Tokens) bool {
	for _, tok := range slices.Backward(line) {
		switch tok.Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
			continue
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			return true
		}
		return false
	}
	return false
}

func closes(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
		return true
	}
	return false
}

// settled is a token with the line ends and without the trailing space that mean
// nothing.
func settled(tok hclsyntax.Token) []byte {
	switch tok.Type {
	case hclsyntax.TokenNewline:
		return []byte("\n")
	case hclsyntax.TokenOHeredoc:
		return bytes.ReplaceAll(tok.Bytes, []byte("\r\n"), []byte("\n"))
	case hclsyntax.TokenCHeredoc:
		return bytes.TrimRight(tok.Bytes, " \t\r")
	case hclsyntax.TokenComment:
		lines := bytes.Split(tok.Bytes, []byte("\n"))
		for i, line := range lines {
			lines[i] = bytes.TrimRight(line, " \t\r")
		}
		return bytes.Join(lines, []byte("\n"))
	}
	return tok.Bytes
}
