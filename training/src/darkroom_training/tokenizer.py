# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains a CLIP tokenizer on the pocket world's captions: byte-level BPE with ``</w>``, the algorithm of Radford et al. 2021.

Any text tokenizes, for all 256 bytes are in the vocabulary; the entries beyond them are what the captions need.
"""

import argparse
import json
import random
from collections import Counter
from pathlib import Path

import regex
from tqdm import tqdm
from transformers import CLIPTokenizer
from transformers.models.clip.tokenization_clip import bytes_to_unicode

from darkroom_training.world import caption, sample
from darkroom_training.world.caption import spelled
from darkroom_training.world.scene import NAMES

WORD = regex.compile(r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+""")
SPECIAL = ["<|startoftext|>", "<|endoftext|>"]
CAPTION_SEED = 1


def word_counts(captions: int) -> Counter:
    """Counts the words of many paraphrased captions; every subject's first word is there."""
    rng = random.Random(CAPTION_SEED)
    words = Counter()
    for _ in tqdm(range(captions), desc="captions", unit="caption"):
        words.update(WORD.findall(caption(sample(rng), rng).lower()))
    for name in NAMES:
        words[spelled(name).split()[0]] += 5
    return words


def symbols(word: str) -> tuple[str, ...]:
    """Splits a word into its bytes' symbols; the last one carries the end of the word."""
    alphabet = bytes_to_unicode()
    *head, last = (alphabet[byte] for byte in word.encode())
    return (*head, last + "</w>")


def merged(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    """Joins every occurrence of a pair in a word, from the left."""
    joined, i = [], 0
    while i < len(word):
        if word[i : i + 2] == pair:
            joined.append("".join(pair))
            i += 2
        else:
            joined.append(word[i])
            i += 1
    return tuple(joined)


def learn_merges(words: Counter, count: int) -> list[tuple[str, str]]:
    """Merges the most frequent pair again and again, until nothing is left to merge or ``count`` merges are made."""
    sequences = Counter({symbols(word): occurrences for word, occurrences in words.items()})
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, occurrences in sequences.items():
            for pair in zip(word, word[1:], strict=False):
                pairs[pair] += occurrences
        if not pairs:
            break
        merges.append(pairs.most_common(1)[0][0])
        sequences = Counter({merged(word, merges[-1]): occurrences for word, occurrences in sequences.items()})
    return merges


def train(folder: Path, size: int, window: int, captions: int) -> CLIPTokenizer:
    """Writes a tokenizer folder of at most ``size`` entries; prompts are cut to ``window`` tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    alphabet = list(bytes_to_unicode().values())
    alphabet += [symbol + "</w>" for symbol in alphabet]
    merges = learn_merges(word_counts(captions), size - len(alphabet) - len(SPECIAL))
    entries = alphabet + ["".join(pair) for pair in merges] + SPECIAL
    (folder / "vocab.json").write_text(json.dumps({entry: i for i, entry in enumerate(entries)}, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in merges), encoding="utf-8")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=window)
    tokenizer.save_pretrained(folder)
    return tokenizer


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-tokenizer", description="Trains a CLIP tokenizer on the pocket world's captions.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=1024, help="entries")
    parser.add_argument("--window", type=int, default=32, help="tokens per prompt, the two special ones included")
    parser.add_argument("--captions", type=int, default=30_000)
    arguments = parser.parse_args()
    tokenizer = train(arguments.folder, arguments.size, arguments.window, arguments.captions)
    print(f"{len(tokenizer)} entries; 'a fox in the snow' is {tokenizer.tokenize('a fox in the snow')}")


if __name__ == "__main__":
    main()
