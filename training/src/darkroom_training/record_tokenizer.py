# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Records transformers' CLIP and T5 tokenizers, slow and fast, over 10,000 texts and every character, for TokenizerParityTest.

    darkroom-record-tokenizer inference/src/test/resources

reads ``clip-tokenizer`` there (the pocket models' CLIP tokenizer) and writes ``clip-tokenizer-fast`` (the same as tokenizer.json alone),
``t5-tokenizer`` (a unigram model of many scripts in both forms), ``t5-tokenizer-odd`` (byte fallback, user-defined symbols, no normalization, kept
spaces), ``golden/tokenizer-texts.jsonl.gz`` and ``golden/tokenizer-characters.json``. A line of the texts is ``{"text", "times", KIND: ids ...}``:
the text repeated ``times`` times and its ids, neither cut nor padded; a fast tokenizer's ids stand there only where they differ from the slow
one's. The characters, all that the recording Python knows outside the large uniform blocks: per run of neighbours the CRC-32 over the ids of ``x{c}y {c}``, as
little-endian int32.
"""

import argparse
import gzip
import io
import json
import random
import shutil
import tempfile
import unicodedata
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import sentencepiece
import tokenizers
import transformers
from tqdm import tqdm

from darkroom_training.t5_tokenizer import captions, unigram, write

TEXTS = [
    "", "   ", "a fox in the snow", "Two PANDAS in a forest at night!!", "it's we're I'LL don't 'S", "na\u00efve caf\u00e9 \u00c0\u00c9\u00ce", "e\u0301 a\u030a q\u0323\u0307",
    "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u1f48\u0394\u03a5\u03a3\u03a3\u0395\u038e\u03a3 a\u0345\u03a3 \u03a3.", "\u0130stanbul \u0131I \ufb01 \u1e9e\u00df \u017f'\u017f", "\u72d0\u72f8\u5728\u96ea\u91cc a\u4e2db",
    "\u65e5\u672c\u8a9e\u30c6\u30b9\u30c8", "\ud55c\uad6d\uc5b4 \u1112\u1161\u11ab", "\U0001f600\U0001f603 fox \U0001f469\u200d\U0001f469\u200d\U0001f467", "<|endoftext|> hello <|startoftext|>x<|STARTOFTEXT|>", "a\tb\nc\rd\x0be\x0cf\x1cg\x85h\u2028i\u2029j\u00a0k\u3000l",
    "x\u200by\u200dz\ufeffw\u00ad", "\u2460\u00b2\u00bd 123 \u0663", "a" * 200, " ".join(["panda"] * 60), "!!!???...", "''' 'sun 'd", "\ue000private\U000f0000 \x00nul \ufffd", "\u8c48\u66f4 \U0002f800",
    "a photograph of a very small red fox to the left of a huge blue umbrella on a quiet beach at sunset under a sky full of stars and clouds",
    "\r\n", "</s>", "fox </s>", "</s></s>", " <unk> <pad>x", "\u2581", "\u2581\u2581a \u2581 b\u2581", "\uffff\ufffe\U0010ffff", "\ud7ff\ue000\U00010000", "\ufb03\uff46\uff4f\uff58 \uff21\u0301 \u33a5 \u3371",
]  # fmt: skip
LONG = [("a fox in the snow, ", 1600), ("x", 30_000), ("ab", 15_000), ("\u72d0", 10_000), ("\U0001f98a ", 5000), ("e\u0301", 10_000), ("</s> ", 2000), (" ", 30_000), ("the quick ", 3000)]
SPECIAL = [
    "</s>", "<pad>", "<unk>", "<s>", "<extra_id_0>", "<extra_id_1>", "<extra_id_10>", "<extra_id_99>", "<extra_id_100>", "<extra_id_", "<|endoftext|>",
    "<|startoftext|>", "<|ENDOFTEXT|>", "<|end", "<", ">", "<0x41>", "\u2581",
]  # fmt: skip
SCRIPTS = [(0x20, 0x7E), (0xA1, 0x17F), (0x370, 0x3FF), (0x400, 0x45F), (0x591, 0x5F4), (0x600, 0x6FF), (0x901, 0x963), (0xE01, 0xE5B), (0x1100, 0x11F9), (0x3041, 0x30FE), (0x4E00, 0x4E60), (0xAC00, 0xAC60)]  # fmt: skip
COMPATIBLE = [(0x2070, 0x209C), (0x2100, 0x214F), (0x2460, 0x24FF), (0x3200, 0x33FF), (0xF900, 0xF930), (0xFB00, 0xFB06), (0xFE30, 0xFE6B), (0xFF01, 0xFFEE), (0x1D400, 0x1D430), (0x1F100, 0x1F16F)]  # fmt: skip
MARKS = [(0x300, 0x36F), (0x5B0, 0x5C2), (0x64B, 0x65F), (0x93A, 0x94D), (0x3099, 0x309A), (0xFE00, 0xFE0F)]
SPACES = [*map(chr, range(0x21)), "\x7f", "\x85", "\xa0", "\xad", "\u1680", "\u180e", *map(chr, range(0x2000, 0x2010)), "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff"]  # fmt: skip
EMOJI = ["\U0001f469", "\U0001f98a", "\U0001f3fb", "\U0001f3ff", "\u200d", "\ufe0f", "\u2764", "\U0001f525", "\U0001f1e9", "\U0001f1ea", "1\ufe0f\u20e3", "\u00a9", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f3f4\U000e0067\U000e0062\U000e007f", " "]  # fmt: skip
SYMBOLS = ["<lora>", "\u2581\u2581", "fox "]


def texts(count: int = 10_000):
    """The texts with their repetitions; the same for every run under one version of Unicode."""
    draw = random.Random(1)
    known = characters()
    prompts = list(captions(2000))[:2000]
    words = sorted({word for prompt in prompts for word in prompt.split()}) + ["Zebra", "drinking", "COFFEE", "it's", "o'clock", "4k", "1,234.5", "#tag", "naïve"]

    def within(ranges):
        return chr(draw.randint(*draw.choice(ranges)))

    def mixed(_):
        return chr(draw.choice(known)) if draw.random() < 0.5 else draw.choice("abcdefghijklmnopqrstuvwxyz 'ABCDEFG0123.,!-  \u03a3\u03c3\u03c2Ii")

    def script(ranges):
        return " " if draw.random() < 0.15 else within(ranges)

    def cased(word):
        return draw.choice([word, word, word.upper(), word.title(), word + draw.choice(",.!?")])

    kinds = [
        lambda: draw.choice(prompts),
        lambda: draw.choice([" ", " ", "  ", "\n", "\u3000"]).join(cased(draw.choice(words)) for _ in range(draw.randint(1, 9))),
        lambda: "".join(map(mixed, range(draw.randint(1, 16)))),
        lambda: (lambda ranges: "".join(script(ranges) for _ in range(draw.randint(1, 16))))([draw.choice(SCRIPTS)]),
        lambda: "".join(script(COMPATIBLE + MARKS) for _ in range(draw.randint(1, 10))),
        lambda: "".join(draw.choice("aeox \uff41\u3042\u05d0\u0915") + "".join(within(MARKS) for _ in range(draw.randint(0, 3))) for _ in range(draw.randint(1, 6))),
        lambda: "".join(draw.choice(EMOJI) for _ in range(draw.randint(1, 9))),
        lambda: "".join(draw.choice(SPACES) if draw.random() < 0.6 else draw.choice(words) for _ in range(draw.randint(1, 9))),
        lambda: "".join(draw.choice(SPECIAL) if draw.random() < 0.5 else draw.choice([" ", "  ", "\n", "\u3000", *words]) for _ in range(draw.randint(1, 8))),
        lambda: "".join(draw.choice("abnty") for _ in range(draw.randint(1, 40))),
        lambda: "".join(chr(draw.choice(known)) for _ in range(draw.randint(1, 6))),
    ]  # fmt: skip
    yield from ((text, 1) for text in TEXTS)
    yield from LONG
    yield " ".join("".join(draw.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(draw.randint(1, 12))) for _ in range(4600)), 1
    for i in range(count - len(TEXTS) - len(LONG) - 1):
        yield kinds[i % len(kinds)](), 1


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


def many_scripts():
    """What the T5 tokenizers of the tests are trained on: captions and random words of every script."""
    draw = random.Random(2)
    yield from captions(3000)
    for first, last in SCRIPTS * 60:
        alphabet = [chr(draw.randint(first, last)) for _ in range(12)]
        yield " ".join("".join(draw.choice(alphabet) for _ in range(draw.randint(1, 4))) for _ in range(8))


def odd(lines) -> bytes:
    """A model with what T5's own does without: byte fallback, user-defined symbols, no normalization, spaces kept."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines, model_writer=model, model_type="unigram", vocab_size=1500, character_coverage=0.98, byte_fallback=True,
        user_defined_symbols=SYMBOLS, normalization_rule_name="identity", remove_extra_whitespaces=False, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        num_threads=1, minloglevel=1, hard_vocab_limit=False,
    )  # fmt: skip
    return model.getvalue()


def write_tokenizers(resources: Path):
    """Writes the folders beside ``clip-tokenizer`` and returns every tokenizer by its kind."""
    clip, fast, t5, other = (resources / name for name in ("clip-tokenizer", "clip-tokenizer-fast", "t5-tokenizer", "t5-tokenizer-odd"))
    fast.mkdir(exist_ok=True)
    transformers.CLIPTokenizerFast.from_pretrained(clip).backend_tokenizer.save(str(fast / "tokenizer.json"), pretty=False)
    write(t5, unigram(many_scripts(), 1600, character_coverage=0.995), 120)
    other.mkdir(exist_ok=True)
    (other / "spiece.model").write_bytes(odd(many_scripts()))
    with tempfile.TemporaryDirectory() as alone:
        shutil.copy(t5 / "tokenizer.json", alone)
        t5_fast = transformers.T5TokenizerFast.from_pretrained(alone)
    return {
        "clip": transformers.CLIPTokenizer.from_pretrained(clip),
        "clip_fast": transformers.CLIPTokenizerFast.from_pretrained(fast),
        "t5": transformers.T5Tokenizer.from_pretrained(t5),
        "t5_fast": t5_fast,
        "t5_not_legacy": transformers.T5Tokenizer.from_pretrained(t5, legacy=False),
        "t5_odd": transformers.T5Tokenizer.from_pretrained(other),
    }


def recorded(kinds, text, times):
    """One line: the ids of all kinds, those of a variant only where they differ."""
    ids = {kind: tokenizer(text * times).input_ids for kind, tokenizer in kinds.items()}
    for kind, same in [("clip_fast", "clip"), ("t5_fast", "t5"), ("t5_not_legacy", "t5")]:
        if ids[kind] == ids[same]:
            del ids[kind]
    return {"text": text, "times": times, **ids}


def main():
    parser = argparse.ArgumentParser(prog="darkroom-record-tokenizer", description="Records transformers' CLIP and T5 tokenizers.")
    parser.add_argument("resources", type=Path, help="folder of the test resources, with clip-tokenizer")
    arguments = parser.parse_args()
    assert find_spec("ftfy") is None, "the reference is the tokenizer without ftfy"
    kinds = write_tokenizers(arguments.resources)
    versions = {module.__name__: module.__version__ for module in (transformers, tokenizers, sentencepiece)}
    versions["unicode"] = unicodedata.unidata_version

    def crc(tokenizer, run):
        return zlib.crc32(np.array([i for c in run for i in tokenizer(f"x{chr(c)}y {chr(c)}").input_ids], dtype="<i4").tobytes())

    blocks = {kind: [[run[0], run[-1], crc(tokenizer, run)] for run in runs(characters())] for kind, tokenizer in tqdm(kinds.items(), unit="kind")}
    golden = arguments.resources / "golden"
    origin = {"script": "darkroom_training.record_tokenizer", **versions}
    (golden / "tokenizer-characters.json").write_text(json.dumps(origin | blocks, separators=(",", ":")) + "\n", encoding="utf-8")
    with open(golden / "tokenizer-texts.jsonl.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(json.dumps(origin).encode() + b"\n")
        for text, times in tqdm(texts(), total=10_000, unit="text"):
            file.write(json.dumps(recorded(kinds, text, times), ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


if __name__ == "__main__":
    main()
