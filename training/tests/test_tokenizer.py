# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The tokenizer's training, and the shipped tokenizer against its own rules."""

from collections import Counter
from pathlib import Path

from transformers import CLIPTokenizer

from darkroom_training.tokenizer import learn_merges, merged, symbols, train, word_counts

SHIPPED = Path(__file__).parents[2] / "models/pocket-unet/tokenizer"


def test_symbols_last_byte_ends_the_word():
    assert symbols("fox") == ("f", "o", "x</w>")


def test_merged_joins_from_the_left():
    assert merged(("a", "a", "a"), ("a", "a")) == ("aa", "a")


def test_learnMerges_takes_the_most_frequent_pair_first():
    assert learn_merges(Counter({"ab": 5, "cb": 2}), 2) == [("a", "b</w>"), ("c", "b</w>")]


def test_train_captions_reads_subjects_as_one_token_and_any_text(tmp_path):
    tokenizer = train(tmp_path, 1024, 32, 2000)
    assert tokenizer.tokenize("a fox in the snow") == ["a</w>", "fox</w>", "in</w>", "the</w>", "snow</w>"]
    assert tokenizer.decode(tokenizer("日本 zebra").input_ids, skip_special_tokens=True) == "日 本 zebra"  # each ideograph is a word


def test_shipped_tokenizer_is_what_training_gives(tmp_path):
    train(tmp_path, 1024, 32, 30_000)
    ours, shipped = (CLIPTokenizer.from_pretrained(folder) for folder in (tmp_path, SHIPPED))
    assert ours.get_vocab() == shipped.get_vocab()
    assert ours.bpe_ranks == shipped.bpe_ranks


def test_wordCounts_know_every_word_of_captions():
    assert {"fox", "beach", "purple", "highly"} <= set(word_counts(500))
