"""Makes the golden files of package tokenizer with Hugging Face's tokenizers.

    python make_golden.py

reads corpus.txt, the first verses of the King James Bible (1611, public domain;
from the Debian package bible-kjv-text), and writes beside it

* bpe.json: a byte-level BPE that tokenizers trained on the corpus and the hard
  lines below, which the Go trainer must give byte for byte;
* wordpiece.json: a WordPiece vocabulary. The order of the letters in the one of
  tokenizers changes from run to run, so it is learned here, in the plainest way;
* lines.json: the hard lines, with the words, ids and decoded text of tokenizers.

Needs tokenizers (testdata/referee-requirements.txt has the version).
"""
import collections
import json
import pathlib
import unicodedata

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = {"bpe": 600, "wordpiece": 500}
MIN_FREQUENCY = 2

HARD = [
    "",
    " ",
    "   ",
    "\t",
    "In the beginning God created the heaven and the earth.",
    "IN THE BEGINNING, God's people weren't 'told'; they'd've said: we'll, I'm, you're, he'd!",
    "in'the 's 'S ''s 're'm' l'llama '",
    "  two  spaces   and three    and four ",
    "trailing space ",
    "tab\tand\ttab\t\tnewline\nand\n\nnewlines\r\nand \r return",
    "vertical\vtab form\ffeed next\u0085line",
    "no-break\u00a0space en\u2002space em\u2003space thin\u2009space ideographic\u3000space \u2028line\u2029paragraph",
    "zero\u200bwidth joined\u200dletters soft\u00adhyphen mark\ufeff replacement\ufffd",
    "nul\x00 bell\x07 escape\x1b delete\x7f c1\x9b",
    "café naïve Ångström ÉCOLE façade Đà Nẵng Zürich ſtraße İstanbul ŁÓDŹ",
    unicodedata.normalize("NFD", "café naïve Ångström ÉCOLE façade Đà Nẵng Zürich"),
    "q\u0323\u0307 q\u0307\u0323 \u0301alone Z\u0351\u0343\u0352a\u0315\u0300\u05ae\u0300b",
    "Ελληνικά ΟΔΥΣΣΕΥΣ ς Русский Ёлка עִבְרִית العَرَبِيَّة हिन्दी ไทย தமிழ்",
    "中文字 漢字と仮名 カタカナ 한국어 \u1112\u1161\u11ab\u1100\u1173\u11af 𠀀𪜀 豈",
    "emoji 😀😃 👩‍👩‍👧‍👦 👍🏽 🇩🇪 ❤️ 1️⃣",
    "1234567890 3.14 1,000,000 ½ ² ٣ Ⅷ ① 百",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "…—–«quoted»„low“ ¡hola! ¿qué? § ¶ † ‰ € £ © ® ° ¬ ~ ˜ ´ ¨",
    "a" * 99,
    "a" * 100,
    "a" * 101,
    "é" * 100 + " " + "é" * 101,
    "Mahershalalhashbaz Nebuchadnezzar " + "begat" * 30,
    "x" * 1000,
    "In the [MASK] God created the heaven [SEP]",
    "[CLS]In[MASK][MASK] the   [MASK]   heaven[PAD] [UNK] [mask] [ MASK] [[MASK]] [MASK",
    "ğ ŋ ƒ ǆ Ǆ ǅ ﬁ ﬂ ﬃ ª º",
    "\u1c89 \ua7cb \U00010d50 \U00016ea0 \u0898 \u061d \u166d \U00011938a\u0301\U000105c9\u0301",
    "http://example.org/a_b?c=d&e=f#g user@example.org C:\\path __init__ <tag attr=\"v\">",
    "do not  don't  n't 's 've , . ! ? ' a ' b",
]


def read_corpus():
    return (HERE / "corpus.txt").read_text().splitlines()


def finish(tokenizer, mask_takes_space):
    tokenizer.add_special_tokens(SPECIAL[:4] + [AddedToken("[MASK]", lstrip=mask_takes_space, normalized=False, special=True)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def byte_pairs(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY["bpe"],
        min_frequency=MIN_FREQUENCY,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return finish(tokenizer, mask_takes_space=True)


def word_pieces(texts):
    normalizer, pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    words = collections.Counter()
    for text in texts:
        words.update(word for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text)))
    vocabulary = learn(words, lambda ch: len(pre_tokenizer.pre_tokenize_str(normalizer.normalize_str("a" + ch + "b"))) == 3)
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, pre_tokenizer, decoders.WordPiece()
    return finish(tokenizer, mask_takes_space=False)


def learn(words, alone):
    """Byte pair encoding on words in which all letters but the first have ##."""
    letters = collections.Counter()
    for word, count in words.items():
        for ch in word:
            letters[ch] += count
    kept, size = [], len(SPECIAL)
    for ch in sorted(letters, key=lambda ch: (-letters[ch], ch))[:1000]:
        size += 1 if alone(ch) else 2
        if size > VOCABULARY["wordpiece"]:
            break
        kept.append(ch)
    vocabulary = SPECIAL + sorted(kept) + ["##" + ch for ch in sorted(kept) if not alone(ch)]
    ids = {token: i for i, token in enumerate(vocabulary)}
    spelled = [
        ([ids[ch if i == 0 else "##" + ch] for i, ch in enumerate(word)], count)
        for word, count in words.items()
        if len(word) <= 100 and set(word) <= set(kept)
    ]
    while len(vocabulary) < VOCABULARY["wordpiece"]:
        pairs = collections.Counter()
        for tokens, count in spelled:
            for pair in zip(tokens, tokens[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < MIN_FREQUENCY:
            break
        token = vocabulary[best[0]] + vocabulary[best[1]].removeprefix("##")
        if token not in ids:
            ids[token] = len(vocabulary)
            vocabulary.append(token)
        for tokens, _ in spelled:
            i = 0
            while i < len(tokens) - 1:
                if (tokens[i], tokens[i + 1]) == best:
                    tokens[i : i + 2] = [ids[token]]
                i += 1
    return vocabulary


def literal_ids(tokenizer, texts):
    """Ids of texts in which the names of special tokens are text."""
    tokenizer.encode_special_tokens = True
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    tokenizer.encode_special_tokens = False
    return [encoding.ids for encoding in encodings]


def more(tokenizer, text):
    """All else that the tokenizer makes of a text. Words are as the pre-tokenizer
    writes them."""
    normalized = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    return {
        "words": [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalized)],
        "with_specials": ids,
        "decoded": tokenizer.decode(ids, skip_special_tokens=True),
    }


def main():
    texts = read_corpus() + HARD
    tokenizers = {"bpe": byte_pairs(texts), "wordpiece": word_pieces(texts)}
    for kind, tokenizer in tokenizers.items():
        (HERE / f"{kind}.json").write_text(tokenizer.to_str(pretty=True))
    lines = [
        {"text": text, **{kind: {"ids": literal_ids(t, [text])[0], **more(t, text)} for kind, t in tokenizers.items()}}
        for text in HARD
    ]
    rows = ",\n".join(json.dumps(line, ensure_ascii=True) for line in lines)
    (HERE / "lines.json").write_text(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
