"""The IMDB reviews as the model reads them: words, ranks, Keras' encoding. Shared by train.py and evaluate.py.

The tokenisation, step by step (src/text/imdb-encoder.ts does the same in TypeScript):
  1. every HTML line break, `<br>`, `<br/>` or `<br />` in any case, becomes a space;
  2. lower case;
  3. each character of FILTERS becomes a space; the apostrophe stays, so "don't" is one word;
  4. split at spaces (U+0020 only), empty words dropped.
"""

import collections
import gzip
import json
import re

import numpy as np

NUM_WORDS = 20000  # ids 0..19999: padding, start, unknown, unused, then 19,996 words
START_CHAR = 1
OOV_CHAR = 2
INDEX_FROM = 3  # the word of rank 1 has id 4
MAXLEN = 100
FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'

TO_SPACE = str.maketrans(FILTERS, " " * len(FILTERS))


def read_reviews(path):
    """[{id, label, rating, text}] of a .jsonl.gz file, in file order."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def tokenise(text):
    text = re.sub("<br ?/?>", " ", text, flags=re.IGNORECASE)
    return [word for word in text.lower().translate(TO_SPACE).split(" ") if word]


def build_vocabulary(texts):
    """The words that get an id, most frequent first; equally frequent words in order of first appearance."""
    counts = collections.Counter(word for text in texts for word in tokenise(text))
    ranked = sorted(counts, key=lambda word: -counts[word])  # a stable sort of a dict in order of first appearance
    return ranked[: NUM_WORDS - 1 - INDEX_FROM]


def encode(texts, vocabulary):
    """int32 [texts, MAXLEN]: start, then a word each; the last MAXLEN ids are kept, shorter reviews padded in front."""
    ids = {word: rank + INDEX_FROM for rank, word in enumerate(vocabulary, start=1)}
    x = np.zeros((len(texts), MAXLEN), np.int32)
    for row, text in zip(x, texts):
        sequence = ([START_CHAR] + [ids.get(word, OOV_CHAR) for word in tokenise(text)])[-MAXLEN:]
        row[MAXLEN - len(sequence) :] = sequence
    return x
