# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""How captions are judged, scored and calibrated."""

import random
from dataclasses import replace

import numpy as np
import pytest

from darkroom_training import calibration, zero_shot
from darkroom_training.caption_scores import bleu, cider
from darkroom_training.evaluate_caption import shares_of, strangers, verdict
from darkroom_training.world import Scene, caption, numbered_scene
from darkroom_training.world.description import as_seen, described

PAIR = Scene("fox", "snow", "night", relation="left", other="cat", colour="red")


def test_verdict_ownDescription_is_right_in_all_that_is_asked():
    for seed in range(400):
        scene = as_seen(numbered_scene(seed))
        assert all(verdict(scene, described(scene)).values())


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"subject": "dog"}, {"subject", "relation"}),
        ({"subject": "cat", "other": "fox"}, {"subject", "second subject", "relation"}),
        ({"relation": "above"}, {"relation"}),
        ({"setting": "beach"}, {"setting"}),
        ({"time": "day"}, {"time"}),
        ({"colour": None}, {"colour"}),
        ({"other_colour": "blue"}, set()),
    ],
)
def test_verdict_changedCaption_is_wrong_where_it_was_changed(changes, wrong):
    found = verdict(PAIR, caption(replace(PAIR, **changes)))
    assert {name for name, right in found.items() if not right} == wrong | {"whole caption"}


def test_verdict_single_asks_size_count_and_that_no_colour_is_named():
    scene = Scene("fox", "space", size="small")
    assert set(verdict(scene, "x")) == {"subject", "setting", "count", "no colour", "size", "whole caption"} and not any(verdict(scene, "x").values())
    assert not verdict(scene, "a small red fox in space")["no colour"]
    several = verdict(Scene("fox", "space", count=2), "three foxes in space")
    assert not several["count"] and not several["two or three"] and several["subject"]


def test_verdict_beside_leaves_the_order_open():
    scene = replace(PAIR, relation="beside", colour=None)
    for words in ("a fox to the left of a cat in the snow at night", "a cat to the left of a fox in the snow at night"):
        found = verdict(scene, words)
        assert found["subject"] and found["second subject"] and found["relation"]
    assert not verdict(scene, "a cat above a fox in the snow at night")["relation"]


def test_sharesOf_counts_what_was_asked():
    shares = shares_of([{"subject": True, "colour": False}, {"subject": False}])
    assert shares["subject"]["asked"] == 2 and shares["colour"]["share"] == 0 and "size" not in shares


def test_bleu_known_values():
    assert bleu(["a fox in the snow"], ["a fox in the snow"]) == pytest.approx(1)
    assert bleu(["a fox in the"], ["a fox in the snow"]) == pytest.approx(np.exp(1 - 5 / 4))
    assert bleu(["a fox in the sand"], ["a fox in the snow"]) == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    assert bleu(["nothing of this"], ["a fox in the snow"]) == 0


def test_cider_known_values():
    references = ["a fox in the snow", "a cat on a beach", "two owls in a city"]
    assert cider(references, references) == pytest.approx(10)
    assert cider(["x y z w"] * 3, references) == 0
    # all but the last word: of n words, the n-grams that are left are those of the reference but one
    nearly = cider(["a fox in the", *references[1:]], references)
    assert 7 < nearly < 10


def test_calibrated_overconfidentCaptions_are_scaled_to_what_they_are_worth():
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.05, 0.999, 20_000)
    right = rng.random(20_000) < chance
    found = calibration.calibrated(0.5 * np.log(chance), right, 0.9)  # too sure by half
    assert found.temperature == pytest.approx(0.5, rel=0.05)
    figures = calibration.figures(found, 0.5 * np.log(chance), right)
    assert figures["expected_calibration_error"] < 0.02 < 0.1 < figures["expected_calibration_error_without_temperature"]
    assert figures["right_above"] == pytest.approx(0.9, abs=0.01) and figures["right_below"] < 0.9
    assert sum(one["count"] for one in figures["bins"]) == 20_000


def test_calibrated_nothingRight_vouches_for_nothing():
    assert calibration.calibrated(np.log([0.5, 0.9]), np.array([False, False]), 0.9).threshold == 1


def test_reliability_bins_hold_their_means():
    bins = calibration.reliability(np.array([0.05, 0.95, 1.0]), np.array([False, True, False]))
    assert [(one.count, one.right) for one in bins] == [(1, 0), (2, 0.5)]
    assert calibration.expected_calibration_error(bins) == pytest.approx((0.05 + 2 * 0.475) / 3)


def test_strangers_are_different_pictures_every_time_the_same():
    assert strangers(10).shape == (10, 64, 64, 3) and np.array_equal(strangers(10), strangers(10))
    assert len({picture.tobytes() for picture in strangers(10)}) == 10


def test_hardNegatives_differ_in_one_attribute_and_take_all_attributes_in_turns():
    scene = Scene("fox", "snow", "night", colour="red")
    negatives = zero_shot.hard_negatives(scene, 32, random.Random(0))
    assert len(negatives) == 32 and caption(scene) not in negatives
    assert set(negatives.values()) == {"subject", "setting", "count", "colour", "time", "size"}
    assert {"a small red fox in the snow at night", "two red foxes in the snow at night", "a red fox in the snow"} <= negatives.keys()


def test_hardNegatives_ofAPair_never_say_what_the_picture_shows_too():
    for relation, others in (("left", {"above"}), ("beside", {"above"}), ("above", {"to the left of", "next to"})):
        negatives = zero_shot.hard_negatives(replace(PAIR, relation=relation), 32, random.Random(0))
        changed = [text for text, field in negatives.items() if field == "relation"]
        assert len(changed) == len(others) and all(any(word in text for text in changed) for word in others)


def test_ranking_perfectEmbeddings_are_first_and_others_tell_what_they_lost_to(monkeypatch):
    scenes = [numbered_scene(seed) for seed in range(6)]
    monkeypatch.setattr(zero_shot, "text_embeddings", lambda _clip, _tokenizer, texts: {text: vector(text) for text in texts})
    monkeypatch.setattr(
        zero_shot, "embed_images", lambda _clip, pixels: np.stack([sign * vector(caption(scene)) for scene in scenes for sign in [pixels[0]]])
    )
    found = zero_shot.ranking(None, None, scenes, {"same": [1], "opposite": [-1]})
    assert found["same"]["share"] == 1 and found["same"]["lost_to"] == {}
    assert found["opposite"]["share"] == 0 and sum(found["opposite"]["lost_to"].values()) == 6


def vector(text):
    values = np.random.default_rng(random.Random(text).getrandbits(32)).normal(size=32)
    return values / np.linalg.norm(values)
