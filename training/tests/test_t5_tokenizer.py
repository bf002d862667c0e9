# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The T5 tokenizer's training: what transformers reads from the folder."""

import pytest
from transformers import T5Tokenizer, T5TokenizerFast

from darkroom_training.t5_tokenizer import PRINTABLE, train


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("t5")
    train(folder, 1024, 32, 2000)
    return folder


def test_train_captions_reads_words_as_one_piece(folder):
    tokenizer = T5Tokenizer.from_pretrained(folder)
    assert tokenizer.tokenize("a purple fox in the snow") == ["▁a", "▁purple", "▁fox", "▁in", "▁the", "▁snow"]
    assert (len(tokenizer), tokenizer.model_max_length) == (1024, 32)
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) == (0, 1, 2)
    assert tokenizer.convert_tokens_to_ids(["<extra_id_99>", "<extra_id_0>"]) == [924, 1023]


def test_train_everyPrintableCharacter_isKnown(folder):
    tokenizer = T5Tokenizer.from_pretrained(folder)
    assert tokenizer.unk_token_id not in tokenizer(" ".join(PRINTABLE)).input_ids


def test_train_bothForms_agree(folder):
    slow, fast = T5Tokenizer.from_pretrained(folder), T5TokenizerFast.from_pretrained(folder)
    for text in ["a fox", "Two Zebras, drinking!", "日本 ﬁ \u200b x"]:
        assert slow(text).input_ids == fast(text).input_ids


def test_train_again_givesTheSameModel(folder, tmp_path):
    train(tmp_path, 1024, 32, 2000)
    assert (tmp_path / "spiece.model").read_bytes() == (folder / "spiece.model").read_bytes()
