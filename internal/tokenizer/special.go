package tokenizer

import (
	"slices"
	"strings"
	"unicode"
)

// Special are the ids of the tokens that stand for no text: 0 to 4 in this order in
// vocabularies trained here.
type Special struct {
	Pad     int32 `json:"pad"`     // [PAD], behind the end of an example
	Unknown int32 `json:"unknown"` // [UNK], a word that the vocabulary cannot spell; BPE has none
	Start   int32 `json:"start"`   // [CLS], before an example
	End     int32 `json:"end"`     // [SEP], behind a sentence or document
	Mask    int32 `json:"mask"`    // [MASK], in place of what is to be predicted
}

// specialTokens are the names of BERT, for both kinds.
var specialTokens = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

const maskToken = "[MASK]"

// addedToken is a special token in the file. The fields are tokenizers' own.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"` // takes the white space before it
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// addedTokens are those of a new vocabulary. In BPE a word's space is part of its
// token, so a mask that stands for the token takes the space too, as in RoBERTa.
func addedTokens(spaces bool) []addedToken {
	added := make([]addedToken, len(specialTokens))
	for i, content := range specialTokens {
		added[i] = addedToken{ID: int32(i), Content: content, LStrip: spaces && content == maskToken, Special: true}
	}
	return added
}

// specialOf finds the ids; all five must be there.
func specialOf(added []addedToken) Special {
	ids := make(map[string]int32, len(added))
	for _, a := range added {
		ids[a.Content] = a.ID
	}
	return Special{Pad: ids["[PAD]"], Unknown: ids["[UNK]"], Start: ids["[CLS]"], End: ids["[SEP]"], Mask: ids[maskToken]}
}

// Has tells whether a token is one of them: it stands for no text, or for none that is
// known.
func (s Special) Has(id int32) bool {
	return id == s.Pad || id == s.Unknown || id == s.Start || id == s.End || id == s.Mask
}

// EncodeWithSpecials is Encode of a text in which the names of special tokens mean
// these tokens: "In the [MASK] God created". It is what Hugging Face's encode does
// with add_special_tokens=False.
func (t *Tokenizer) EncodeWithSpecials(text string) []int32 {
	s := t.scratch()
	defer t.pool.Put(s)
	var ids []int32
	for {
		at, found := t.findSpecial(text)
		before := text[:at]
		if found.LStrip {
			before = strings.TrimRightFunc(before, unicode.IsSpace)
		}
		ids = t.encode(ids, before, s)
		if found.Content == "" {
			return ids
		}
		ids, text = append(ids, found.ID), text[at+len(found.Content):]
	}
}

// findSpecial returns the first special token in a text and where it is; without one,
// a token without content at the text's end. No special token's name begins another's.
func (t *Tokenizer) findSpecial(text string) (int, addedToken) {
	for at := 0; ; at++ {
		next := strings.IndexByte(text[at:], '[')
		if next < 0 {
			return len(text), addedToken{}
		}
		at += next
		i := slices.IndexFunc(t.added, func(a addedToken) bool { return strings.HasPrefix(text[at:], a.Content) })
		if i >= 0 {
			return at, t.added[i]
		}
	}
}
