# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains a T5 tokenizer on the pocket world's captions: a SentencePiece unigram model (Kudo 2018) with T5's layout and normalizer.

The captions alone have too few words for pieces that other words are made of, so the English names of symbols and emoji are read too.
The layout is t5-small's: ``<pad>`` 0, ``</s>`` 1, ``<unk>`` 2, no start token, 100 sentinels ``<extra_id_N>`` past the pieces, characters normalized
by ``nmt_nfkc``, no byte fallback. Every printable ASCII character is a piece, so that English text tokenizes without unknowns.
"""

import argparse
import io
import random
import string
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import sentencepiece
from tqdm import tqdm
from transformers import T5Tokenizer, T5TokenizerFast

from darkroom_training.world import caption, sample
from darkroom_training.world.caption import spelled
from darkroom_training.world.scene import NAMES

CAPTION_SEED = 1
SENTINELS = 100
# Blocks of symbols and emoji that were full before Unicode 14, the oldest that a supported Python knows.
NAMED = [(0x2600, 0x27BF), (0x1F300, 0x1F64F), (0x1F680, 0x1F6D2), (0x1F900, 0x1F9FF)]
PRINTABLE = string.ascii_letters + string.digits + string.punctuation


def captions(count: int) -> Iterator[str]:
    """Paraphrased captions, the same for every run, then every subject's name five times and the names of symbols once."""
    rng = random.Random(CAPTION_SEED)
    words = set()
    for _ in tqdm(range(count), desc="captions", unit="caption"):
        text = caption(sample(rng), rng)
        words.update(text.split())
        yield text
    for word in sorted(words):
        yield f"{word};"  # the trainer proposes only what two different words have in common, so a whole word needs a second form
    for name in NAMES:
        yield from [spelled(name)] * 5
    for first, last in NAMED:
        yield from (unicodedata.name(chr(c)).lower() for c in range(first, last + 1))


def unigram(lines: Iterable[str], pieces: int, **options) -> bytes:
    """Trains a SentencePiece model with T5's special pieces; ``options`` go to the trainer."""
    model = io.BytesIO()
    defaults = {
        "model_type": "unigram", "normalization_rule_name": "nmt_nfkc", "character_coverage": 1.0, "required_chars": PRINTABLE,
        "pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1, "num_threads": 1, "shuffle_input_sentence": False, "minloglevel": 1,
    }  # fmt: skip
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, vocab_size=pieces, **(defaults | options))
    return model.getvalue()


def write(folder: Path, model: bytes, window: int) -> T5Tokenizer:
    """Writes a folder that ``T5Tokenizer`` and ``T5TokenizerFast`` read, with both forms of the vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(model)
    tokenizer = T5Tokenizer(str(folder / "spiece.model"), extra_ids=SENTINELS, legacy=True, model_max_length=window)
    fast = T5TokenizerFast.from_pretrained(folder, from_slow=True, extra_ids=SENTINELS, legacy=True)
    fast.backend_tokenizer.no_truncation()
    fast.backend_tokenizer.no_padding()
    fast.backend_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    tokenizer.save_pretrained(folder)
    (folder / "added_tokens.json").unlink(missing_ok=True)  # stands in tokenizer_config.json already
    return tokenizer


def train(folder: Path, size: int, window: int, count: int) -> T5Tokenizer:
    """Writes a tokenizer folder of ``size`` entries, sentinels included; prompts are cut to ``window`` tokens."""
    return write(folder, unigram(captions(count), size - SENTINELS), window)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-t5-tokenizer", description="Trains a T5 tokenizer on the pocket world's captions.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=1024, help="entries, the 100 sentinels included")
    parser.add_argument("--window", type=int, default=32, help="tokens per prompt, the end token included")
    parser.add_argument("--captions", type=int, default=30_000)
    arguments = parser.parse_args()
    tokenizer = train(arguments.folder, arguments.size, arguments.window, arguments.captions)
    print(f"{len(tokenizer)} entries; 'a fox in the snow' is {tokenizer.tokenize('a fox in the snow')}")


if __name__ == "__main__":
    main()
