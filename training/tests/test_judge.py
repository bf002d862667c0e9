# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""What the judge is asked, and how its answers are counted."""

import numpy as np
import torch

from darkroom_training.judge import CLASSES, Judge, accuracies, answers, labels, shown, table, train, validation_scenes, verdict
from darkroom_training.world import Scene, held_out, numbered_scene

PAIR = {"colour": None, "setting": "snow", "time": "day", "count": 1, "arrangement": "horizontal"}


def test_shown_beside_names_the_left_one_first():
    firsts = {shown(Scene("fox", "snow", relation="beside", other="owl", seed=seed))["first"] for seed in range(8)}
    assert firsts == {"fox", "owl"}


def test_shown_above_is_vertical_and_names_the_upper_one_first():
    seen = shown(Scene("fox", "snow", relation="above", other="owl"))
    assert (seen["first"], seen["second"], seen["arrangement"]) == ("fox", "owl", "vertical")


def test_verdict_ownLayout_is_without_fault():
    scenes = [numbered_scene(seed) for seed in range(200)]
    assert all(all(verdict(scene, shown(scene)).values()) for scene in scenes)


def test_verdict_swappedPair_has_the_right_subjects_in_the_wrong_relation():
    scene = Scene("fox", "snow", relation="left", other="owl")
    asked = verdict(scene, {"first": "owl", "second": "fox", **PAIR})
    assert asked["setting"] and not asked["relation"] and not asked["subject"]


def test_verdict_beside_takes_either_order():
    scene = Scene("fox", "snow", relation="beside", other="owl")
    assert all(verdict(scene, {"first": "owl", "second": "fox", **PAIR}).values())


def test_accuracies_count_only_the_pictures_that_were_asked():
    figures = accuracies([{"subject": True, "colour": False}, {"subject": True}, {"subject": False}])
    assert figures == {"subject": 2 / 3, "colour": 0.0, "everything": 1 / 3}
    assert "| subject | 66.7% |" in table({"held out": figures})


def test_validationScenes_are_held_out_or_not():
    assert all(held_out(numbered_scene(seed)) for seed in validation_scenes(20, True))
    assert not any(held_out(numbered_scene(seed)) for seed in validation_scenes(20, False))


def test_train_fewPictures_are_learned_and_resumed(tmp_path):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    scenes = [Scene(name, setting) for name, setting in (("fox", "snow"), ("owl", "city"))]
    base = rng.integers(0, 255, (2, 64, 64, 3), dtype=np.uint8)
    pixels, truth = np.repeat(base, 16, 0), labels([scene for scene in scenes for _ in range(16)])
    judge = Judge()
    train(judge, pixels, truth, 6, tmp_path / "state.pt", batch=8)
    assert [seen["first"] for seen in answers(judge.eval(), base)] == ["fox", "owl"]
    again = Judge()
    train(again, pixels, truth, 6, tmp_path / "state.pt", batch=8)
    assert all(torch.equal(a, b) for a, b in zip(judge.parameters(), again.parameters(), strict=True))


def test_judge_answers_every_question():
    assert set(answers(Judge().eval(), np.zeros((2, 64, 64, 3), np.uint8))[0]) == set(CLASSES)
