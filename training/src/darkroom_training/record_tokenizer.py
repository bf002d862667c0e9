# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Records transformers' CLIPTokenizer (without ftfy) over a tokenizer folder, for ClipTokenizerTest.

    darkroom-record-tokenizer inference/src/test/resources/clip-tokenizer inference/src/test/resources/golden/clip-unicode.json

``texts`` are single texts with their ids. ``characters`` covers Unicode: for every character c that the recording Python knows, outside
the large uniform blocks, the ids of ``x{c}y {c}``; per run of neighbours the CRC-32 over all ids as little-endian int32.
"""

import argparse
import json
import random
import unicodedata
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import transformers

TEXTS = [
    "", "   ", "a fox in the snow", "Two PANDAS in a forest at night!!", "it's we're I'LL don't 'S", "na\u00efve caf\u00e9 \u00c0\u00c9\u00ce", "e\u0301 a\u030a q\u0323\u0307",
    "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u1f48\u0394\u03a5\u03a3\u03a3\u0395\u038e\u03a3 a\u0345\u03a3 \u03a3.", "\u0130stanbul \u0131I \ufb01 \u1e9e\u00df \u017f'\u017f", "\u72d0\u72f8\u5728\u96ea\u91cc a\u4e2db",
    "\u65e5\u672c\u8a9e\u30c6\u30b9\u30c8", "\ud55c\uad6d\uc5b4 \u1112\u1161\u11ab", "\U0001f600\U0001f603 fox \U0001f469\u200d\U0001f469\u200d\U0001f467", "<|endoftext|> hello <|startoftext|>x<|STARTOFTEXT|>", "a\tb\nc\rd\x0be\x0cf\x1cg\x85h\u2028i\u2029j\u00a0k\u3000l",
    "x\u200by\u200dz\ufeffw\u00ad", "\u2460\u00b2\u00bd 123 \u0663", "a" * 200, " ".join(["panda"] * 60), "!!!???...", "''' 'sun 'd", "\ue000private\U000f0000 \x00nul \ufffd", "\u8c48\u66f4 \U0002f800",
    "a photograph of a very small red fox to the left of a huge blue umbrella on a quiet beach at sunset under a sky full of stars and clouds",
]  # fmt: skip


def mixtures(count):
    draw = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz 'ABCDEFG0123.,!-  \u03a3\u03c3\u03c2Ii"
    known = characters()
    for _ in range(count):
        yield "".join(chr(draw.choice(known)) if draw.random() < 0.5 else draw.choice(letters) for _ in range(draw.randint(1, 24)))


def characters():
    uniform = [(0x3400, 0x9FFF), (0xAC00, 0xDFFF), (0x17000, 0x18CFF), (0x20000, 0x3134F), (0xE0000, 0x10FFFF)]
    return [c for c in range(0x110000) if not any(a < c < b for a, b in uniform) and unicodedata.category(chr(c)) not in ("Cn", "Co", "Cs")]


def runs(points):
    run = []
    for point in points:
        if run and (point != run[-1] + 1 or len(run) == 256):
            yield run
            run = []
        run.append(point)
    yield run


def main():
    parser = argparse.ArgumentParser(prog="darkroom-record-tokenizer", description="Records transformers' CLIPTokenizer over a tokenizer folder.")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("file", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    assert find_spec("ftfy") is None, "the reference is the tokenizer without ftfy"
    tokenizer = transformers.CLIPTokenizer.from_pretrained(arguments.tokenizer)

    def ids(text):
        return tokenizer(text, padding="max_length", truncation=True, max_length=tokenizer.model_max_length).input_ids

    def crc(run):
        return zlib.crc32(np.array([ids(f"x{chr(c)}y {chr(c)}") for c in run], dtype="<i4").tobytes())

    versions = {"transformers": transformers.__version__, "unicode": unicodedata.unidata_version}
    texts = [{"text": text, "ids": ids(text), "fits": len(tokenizer(text).input_ids) <= tokenizer.model_max_length} for text in TEXTS]
    texts += [{"text": text, "ids": ids(text)} for text in mixtures(200)]
    blocks = [[run[0], run[-1], crc(run)] for run in runs(characters())]
    arguments.file.write_text(
        json.dumps({"script": "darkroom_training.record_tokenizer", **versions, "texts": texts, "characters": blocks}) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
