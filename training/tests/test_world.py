# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Scenes, words and pictures stay what the shipped weights were trained on."""

import hashlib
import random
from pathlib import Path

import numpy as np
import pytest

from darkroom_training.world import Scene, caption, draw, held_out, numbered_scene, sample, subject_mask
from darkroom_training.world.caption import known_subjects
from darkroom_training.world.scene import COLOURS, NAMES, PLAIN, SETTINGS
from darkroom_training.world.sprites import DEBIAN_FONT, font_file

SEEDS = range(1_000_000, 1_000_040)
needs_font = pytest.mark.skipif(not Path(DEBIAN_FONT).is_file(), reason="fonts-noto-color-emoji is not installed")


def digest(*values: bytes) -> str:
    return hashlib.sha256(b"\0".join(values)).hexdigest()[:16]


def test_sample_recorded_seeds_give_the_same_scenes():
    assert digest(*(repr(numbered_scene(seed)).encode() for seed in SEEDS)) == "d20480ad0855a32d"


def test_caption_recorded_seeds_give_the_same_words():
    paraphrases = [caption(numbered_scene(seed), random.Random(seed)) for seed in SEEDS]
    assert digest(*(caption(numbered_scene(seed)).encode() for seed in SEEDS), *(text.encode() for text in paraphrases)) == "257712e115337acb"


@needs_font
def test_draw_recorded_seeds_give_the_same_pixels():
    assert digest(*(draw(numbered_scene(seed)).tobytes() for seed in SEEDS)) == "f37addea39d3bab2"


@needs_font
def test_draw_movingScenes_give_the_same_pixels():
    scenes = [sample(random.Random(seed), moving=1.0) for seed in range(16)]
    assert digest(*(draw(scene, t=0.7).tobytes() for scene in scenes)) == "012d329e0fe990a5"


@needs_font
def test_draw_anySize_is_the_same_picture():
    scene = numbered_scene(1_000_003)
    small, large = (np.asarray(draw(scene, size).resize((32, 32)), dtype=float) for size in (64, 256))
    assert np.abs(small - large).mean() < 6


def test_caption_canonical_says_what_the_scene_holds():
    scene = Scene("fox", "snow", "night", colour="red", size="big")
    assert caption(scene) == "a big red fox in the snow at night"
    assert caption(Scene("owl", "plain white", relation="left", other="umbrella")) == "an owl to the left of an umbrella on a plain white background"
    assert caption(Scene("butterfly", "meadow", count=3)) == "three butterflies in a meadow"


def test_heldOut_is_a_twentieth_of_the_pairs_for_good():
    pairs = [Scene(name, setting) for name in NAMES for setting in (*SETTINGS, *(f"plain {colour}" for colour in PLAIN))]
    kept_back = [scene for scene in pairs if held_out(scene)]
    assert digest(*(repr(scene).encode() for scene in kept_back)) == "5c5ae8c663e20c72"
    assert 0.03 < len(kept_back) / len(pairs) < 0.07


def test_heldOut_pair_is_held_out_whatever_else_the_scene_holds():
    setting = next(setting for setting in SETTINGS if held_out(Scene("fox", setting)) or held_out(Scene("cat", setting)))
    subject = "fox" if held_out(Scene("fox", setting)) else "cat"
    assert all(held_out(Scene(subject, setting, colour=colour, count=2)) for colour in COLOURS)


@needs_font
def test_subjectMask_covers_the_subject():
    mask = subject_mask(Scene("pizza", "plain white", size="big"))
    assert mask.shape == (16, 16)
    assert mask[8, 8] == 255 and mask[0, 0] == 0


def test_knownSubjects_hold_names_and_their_synonyms():
    assert {"fox", "palm tree, palm", "rabbit, bunny", "strawberry"} <= set(known_subjects())


def test_fontFile_absent_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("DARKROOM_FONT", str(tmp_path / "NotoColorEmoji.ttf"))
    with pytest.raises(SystemExit, match="fonts-noto-color-emoji"):
        font_file()
