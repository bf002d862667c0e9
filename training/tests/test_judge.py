# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""What the judge is asked, and how its answers are counted."""

import numpy as np

from darkroom_training.judge import CLASSES, Judge, accuracies, answers, shown, table, validation_scenes, verdict
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


def test_judge_answers_every_question():
    assert set(answers(Judge().eval(), np.zeros((2, 64, 64, 3), np.uint8))[0]) == set(CLASSES)
