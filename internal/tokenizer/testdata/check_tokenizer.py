"""Holds what package tokenizer says against Hugging Face's tokenizers.

    python check_tokenizer.py ANSWERS

ANSWERS is JSON: by name, the path of a tokenizer.json and, for each line, what package
tokenizer says of it: ids, and where they are asked for, words and decoded text. Ends
with 1 where tokenizers says other.
"""
import json
import pathlib
import sys

from tokenizers import Tokenizer

from make_golden import literal_ids, more

wrong = 0
for kind, said in json.loads(pathlib.Path(sys.argv[1]).read_text()).items():
    tokenizer = Tokenizer.from_file(said["file"])
    if tokenizer.to_str(pretty=True) != pathlib.Path(said["file"]).read_text():
        print(f"{kind}: tokenizers would write {said['file']} in other bytes")
        wrong += 1
    tokens = 0
    for line, ids in zip(said["lines"], literal_ids(tokenizer, [line["text"] for line in said["lines"]])):
        tokens += len(ids)
        want = {"ids": ids, **(more(tokenizer, line["text"]) if "words" in line else {})}
        for field, value in want.items():
            if line[field] != value:
                wrong += 1
                if wrong <= 10:
                    print(f"{kind}: {field} of {line['text']!r}:\n  is     {line[field]!r}\n  wanted {value!r}")
    print(f"{kind}: {len(said['lines'])} lines, {tokens} tokens")
sys.exit(wrong > 0)
