#!/usr/bin/env python3
"""Writes train.tsv.zst and test.tsv.zst from Debian's packages bible-kjv and
bible-kjv-text (4.38): one verse a line, as book, chapter:verse and text. Chapters
2, 9, 16, ... of every book are the test.

Usage: apt-get install bible-kjv bible-kjv-text zstd; ./make.py
"""

import os
import re
import subprocess

BOOKS = """Genesis Exodus Leviticus Numbers Deuteronomy Joshua Judges Ruth 1_Samuel
2_Samuel 1_Kings 2_Kings 1_Chronicles 2_Chronicles Ezra Nehemiah Esther Job Psalms
Proverbs Ecclesiastes Song_of_Solomon Isaiah Jeremiah Lamentations Ezekiel Daniel
Hosea Joel Amos Obadiah Jonah Micah Nahum Habakkuk Zephaniah Haggai Zechariah Malachi
Matthew Mark Luke John Acts Romans 1_Corinthians 2_Corinthians Galatians Ephesians
Philippians Colossians 1_Thessalonians 2_Thessalonians 1_Timothy 2_Timothy Titus
Philemon Hebrews James 1_Peter 2_Peter 1_John 2_John 3_John Jude Revelation"""

HERE = os.path.dirname(os.path.abspath(__file__))
VERSE = re.compile(r"(\d?[A-Za-z]+)(\d+):(\d+) (.*)")


def main():
    # Without -f the program breaks lines for people.
    printed = subprocess.run(
        ["bible", "-f", "Gen1:1-Rev22:21"],
        stdin=subprocess.DEVNULL, capture_output=True, check=True, text=True,
    ).stdout
    names = iter([name.replace("_", " ") for name in BOOKS.split()])
    book, short = None, None
    parts = {"train": ["label\tverse\ttext"], "test": ["label\tverse\ttext"]}
    for line in printed.splitlines():
        abbreviation, chapter, verse, text = VERSE.fullmatch(line).groups()
        if abbreviation != short:
            book, short = next(names), abbreviation
        part = "test" if int(chapter) % 7 == 2 else "train"
        parts[part].append(f"{book}\t{chapter}:{verse}\t{' '.join(text.split())}")
    assert next(names, None) is None
    for part, lines in parts.items():
        print(part, len(lines) - 1, "verses")
        table = ("\n".join(lines) + "\n").encode()
        # The size keeps the window, which readers have to hold, as small as the file.
        subprocess.run(
            ["zstd", "-q", "-f", "--ultra", "-22", f"--stream-size={len(table)}", "-o", os.path.join(HERE, f"{part}.tsv.zst")],
            input=table, check=True,
        )


if __name__ == "__main__":
    main()
