# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""What is measured of models, on tiny ones: shares, prompts, generation and its cache, upscaling, concepts, and the commands as a whole."""

import json
import random
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import MODEL
from PIL import Image
from transformers import CLIPModel, CLIPTokenizer

from darkroom_training import (
    best_of,
    card,
    concepts,
    evaluate,
    evaluate_caption,
    evaluate_upscaler,
    generated,
    grids,
    paraphrases,
    prompts,
    text_to_image_card,
    upscaling,
    validation,
    zero_shot,
)
from darkroom_training.concepts import Concepts, Examples
from darkroom_training.curves import Axis, chart
from darkroom_training.figures import Figures, read
from darkroom_training.generated import Generator, Sampling
from darkroom_training.picture_cache import PictureCache, model_digest
from darkroom_training.prompt_following import worst
from darkroom_training.shares import Share, worded
from darkroom_training.sheets import grid, save_png, sheet, wrapped
from darkroom_training.upscaling import UpscaleSampling
from darkroom_training.world import Scene, caption, numbered_scene
from darkroom_training.world.sprites import DEBIAN_FONT

needs_font = pytest.mark.skipif(not Path(DEBIAN_FONT).is_file(), reason="fonts-noto-color-emoji is not installed")
TRAINING = {"data": "Data.", "method": "Method.", "command": "command", "cost": "Cost.", "limits": "Limits."}


def test_share_interval_is_wilsons():
    low, high = Share(81, 263).interval  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert Share(20, 20).interval[1] == 1 and Share(20, 20).interval[0] == pytest.approx(0.8389, abs=1e-4)
    assert worded(Share(1, 2).figures()) == "50.0 % (9.5 to 90.5)"


def test_prompts_line_asks_what_it_names():
    prompt = prompts.prompt_of("x", "two foxes sitting in snow, 4k | subject=fox, setting=snow, count=2")
    assert prompt.asked == {"subject", "setting", "count"}
    seen = {"first": "fox", "second": None, "colour": "red", "setting": "snow", "time": "night", "count": 3, "arrangement": None}
    assert prompt.verdict(seen) == {"subject": True, "setting": True, "count": False}


@pytest.mark.parametrize("line", ["a | subject=wolf", "a | setting=snow", "a | subject=fox, relation=left", "a | subject=fox, count=4"])
def test_prompts_lineOutsideTheWorld_is_refused(line):
    with pytest.raises(ValueError, match="a"):
        prompts.prompt_of("x", line)


def test_paraphrases_are_three_hundred_with_words_that_no_caption_has():
    known = {word for seed in range(6000) for word in words(caption(numbered_scene(seed), random.Random(seed)))}
    written = prompts.read("paraphrases")
    assert len({prompt.text for prompt in written}) == len(written) == 300
    assert [prompt.text for prompt in written if not words(prompt.text) - known] == []


def words(text):
    return set(re.findall(r"[a-z0-9']+", text.lower()))


def test_paraphrase_rule_makes_lines_that_read_back():
    rng = random.Random(0)
    for _ in range(100):
        assert prompts.prompt_of("by rule", paraphrases.paraphrase(rng)).scene.subject


def test_benchmark_has_ten_categories_or_more_of_eight_prompts_or_more():
    categories = [prompt.category for prompt in prompts.read("benchmark")]
    assert len(set(categories)) >= 10
    assert all(categories.count(category) >= 8 for category in categories)


def test_worst_are_those_with_most_faults_the_first_among_equals():
    assert worst([{"a": True}, {"a": False}, {"a": False, "b": False}, {"a": False}], 3) == [2, 1, 3]


def test_sampling_of_reads_the_folders_defaults(base):
    assert Sampling.of(base) == Sampling(1, 1.0)


def test_generator_makes_each_batch_once_and_diffusers_pictures(base, tmp_path, same_process, monkeypatch):
    monkeypatch.setattr(generated, "BATCH", 2)
    captions, seeds, sampling = ["a fox", "an owl", "a cat"], [5, 6, 7], Sampling(2, 4.0)
    with Generator(base, PictureCache(tmp_path)) as generate:
        pixels = generate(captions, seeds, sampling)
        monkeypatch.setattr(generated, "generate", None)
        assert np.array_equal(generate(captions, seeds, sampling), pixels)
        with pytest.raises(TypeError):
            generate(captions, seeds, replace(sampling, guidance_scale=3.0))
    noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    images = generated.load_pipeline(base)(captions, num_inference_steps=2, guidance_scale=4.0, generator=noise, output_type="np").images
    assert np.abs((images * 255).round().astype(int) - pixels).max() <= 1


def test_modelDigest_changes_with_weights_and_not_with_cards(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"1")
    first = model_digest(tmp_path)
    (tmp_path / "README.md").write_text("card")
    (tmp_path / "concepts.json").write_text("{}")
    assert model_digest(tmp_path) == first
    (tmp_path / "a.safetensors").write_bytes(b"2")
    assert model_digest(tmp_path) != first


def test_figures_of_another_model_are_dropped(tmp_path):
    Figures(tmp_path, "a", steps=1).put("x", 1)
    Figures(tmp_path, "a", steps=1).put("y", 2)
    assert read(tmp_path) == {"model_digest": "a", "settings": {"steps": 1}, "x": 1, "y": 2}
    Figures(tmp_path, "b", steps=1).put("y", 2)
    assert "x" not in read(tmp_path)


def test_savePng_takes_as_many_colours_as_fit(tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    save_png(image, tmp_path / "a.png", 4096)
    assert (tmp_path / "a.png").stat().st_size <= 4096
    with pytest.raises(ValueError, match="more than 100"):
        save_png(image, tmp_path / "b.png", 100)


def test_sheets_have_a_place_for_every_picture():
    pixels = np.zeros((7, 64, 64, 3), np.uint8)
    page = np.asarray(sheet(pixels, ["a long caption of two lines or more, with words"] * 7))
    assert (page.min(2) == 0).sum() >= 7 * 128 * 128
    assert grid(pixels[:6].reshape(2, 3, 64, 64, 3), ["a", "b"], ["1", "2", "3"], 32).width > 3 * 32
    assert wrapped("one two\nthree", 5) == ["one", "two", "three"]


def test_chart_draws_lines_in_their_colours():
    image = np.asarray(chart({"knife": [(0, 80), (10, 100)]}, {"knife": (5, 90)}, Axis("x", 0, 10, [0, 5, 10]), Axis("y", 80, 100, [80, 90, 100])))
    assert (np.abs(image.astype(int) - (0x44, 0x77, 0xAA)).sum(2) < 30).sum() > 300


@pytest.fixture(scope="module")
def enlarging(upscaler):
    return upscaling.load_upscaler(upscaler)


def test_upscale_batch_is_the_pipelines_picture_for_each(enlarging):
    pixels, sampling = np.random.default_rng(0).integers(0, 255, (2, 16, 16, 3), dtype=np.uint8), UpscaleSampling(2, 3.0, 20)
    batch = upscaling.upscale(enlarging, pixels, ["a fox", "an owl"], [5, 6], sampling)
    alone = enlarging("an owl", Image.fromarray(pixels[1]), 2, 3.0, 20, generator=torch.Generator().manual_seed(6), output_type="np").images[0]
    assert batch.shape == (2, 64, 64, 3)
    assert np.abs((alone * 255).round().astype(int) - batch[1]).max() <= 1


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_upscaleTiled_oneTile_is_the_pipelines_picture(enlarging, monkeypatch, guidance):
    monkeypatch.setattr(upscaling, "TILE", 16)
    monkeypatch.setattr(upscaling, "OVERLAP", 4)
    pixels, sampling = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8), UpscaleSampling(2, guidance, 20)
    whole = upscaling.upscale(enlarging, pixels[None], ["a fox"], [5], sampling)[0]
    assert np.abs(upscaling.upscale_tiled(enlarging, pixels, "a fox", 5, sampling).astype(int) - whole).max() <= 1


def test_averaged_tilesThatAgree_give_the_whole(monkeypatch):
    values = torch.randn(1, 2, 160, 112)
    torch.testing.assert_close(upscaling.averaged(values, 1, lambda tiles: 2 * tiles), 2 * values)
    larger = upscaling.averaged(values, 2, lambda tiles: tiles.repeat_interleave(2, 2).repeat_interleave(2, 3))
    torch.testing.assert_close(larger, values.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_starts_cover_the_side_and_borders_lie_inside():
    assert upscaling.starts(64) == [0]
    assert upscaling.starts(256) == [0, 48, 96, 144, 192]
    assert upscaling.starts(100) == [0, 36]
    assert upscaling.borders(256) == [48, 64, 96, 112, 144, 160, 192, 208]


def test_seams_step_at_a_border_is_seen_there():
    pixels = np.random.default_rng(0).integers(0, 20, (2, 64, 64, 3), dtype=np.uint8)
    assert upscaling.seams(pixels, [16, 48]) == pytest.approx(1, abs=0.1)
    pixels[:, 16:] += 100
    pixels[:, :, 16:] += 100
    assert upscaling.seams(pixels, [16]) > 5
    assert upscaling.seams(pixels, [32], 16) < 0.5


def test_psnr_and_reduced_known_pictures():
    black = np.zeros((1, 8, 8, 3), np.uint8)
    assert evaluate_upscaler.psnr(black + 1, black)[0] == pytest.approx(48.1308, abs=1e-4)
    assert upscaling.reduced(upscaling.bicubic(black + 7)).tolist() == (black + 7).tolist()


def test_windows_are_the_same_places_in_every_set():
    pixels = np.random.default_rng(0).integers(0, 255, (3, 256, 256, 3), dtype=np.uint8)
    assert np.array_equal(evaluate_upscaler.windows(255 - pixels), 255 - evaluate_upscaler.windows(pixels))


def test_gradient_of_stripes_is_their_height_along_one_axis():
    pixels = np.zeros((1, 8, 8, 3), np.uint8)
    pixels[:, ::2] = 10
    assert evaluate.gradient(pixels) == 5


def test_ratio_noisyReconstructions_are_not_divided_by():
    found = {"generated": {"mean": 0.4}, "reconstructed": {"mean": 0.2}, "rendered": {"mean": 0.001}}
    assert "2.00 times as far" in text_to_image_card._ratio(found)
    assert "not told from renders" in text_to_image_card._ratio(found | {"reconstructed": {"mean": -0.002}})


def separable(rng, count):
    """Embeddings of six concepts and of everything else, in directions of their own with some noise."""
    rows, truth = [], []
    for i in range(count):
        kind = i % 12
        vector = rng.normal(0, 0.08, 16)
        vector[min(kind, 6)] += 1
        rows.append(vector / np.linalg.norm(vector))
        truth.append([kind == c for c in range(6)])
    return Examples(np.array(rows, np.float32), np.array(truth))


def test_directions_and_thresholds_separable_pictures_are_found():
    rng = np.random.default_rng(0)
    found = concepts.calibrated(concepts.directions_from(separable(rng, 600)), separable(rng, 600), 0.01)
    figures = concepts.figures_of(found, fresh := separable(rng, 600), ["snow"] * 600, np.ones(600, bool))
    assert figures["recall"]["share"] > 0.98 and figures["false_positives"]["share"] < 0.02
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1, atol=1e-5)
    assert figures["concepts"]["knife"]["recall"]["asked"] == 50
    assert figures["blocked_by_setting"]["snow"]["asked"] == 300
    lines = concepts.curves(found.directions, fresh)
    assert lines["all six"][-1][1] >= lines["all six"][0][1]


def test_calibrated_mixedPictures_stay_at_the_target():
    rng = np.random.default_rng(0)
    noise = Examples(*(lambda e: (e / np.linalg.norm(e, axis=1, keepdims=True), separable(rng, 3000).present))(rng.normal(size=(3000, 16))))
    found = concepts.calibrated(np.eye(6, 16), noise, 0.01)
    assert found.found(noise.embeddings)[~noise.present.any(1)].any(1).mean() <= 0.01


def test_found_specialCare_lowers_the_bar_of_the_others():
    found = Concepts(np.eye(6), np.full(6, 0.5))
    beer = list(concepts.CATEGORIES).index("beer")
    picture = np.zeros((2, 6))
    picture[:, beer] = 0.495
    picture[0, 0] = 0.6  # a knife
    assert found.found(picture).tolist() == [[i in (0, beer) for i in range(6)], [False] * 6]


def test_askedScenes_thirds_hold_every_concept_in_every_setting_and_several_times():
    scenes = concepts.asked_scenes(6, 1)
    for third in (scenes[n::3] for n in range(3)):
        knives = [scene for scene in third if scene.subject == "knife"]
        assert {knife.setting for knife in knives} == set(concepts.PLACES)
        assert {knife.time for knife in knives if knife.setting == "snow"} == {"day", "night"}
    assert len({scene.subject for scene in scenes}) == 72


def test_drawnScenes_hold_concepts_as_either_subject_and_scenes_without():
    scenes = concepts.drawn_scenes(40, 50)
    truth = concepts.present(scenes)
    assert (~truth.any(1)).sum() == 50 and (truth.sum(0) > 30).all()
    assert any(scene.other == "knife" for scene in scenes)


def test_alternatives_differ_in_one_word_and_begin_with_the_own():
    captions = zero_shot.alternatives(Scene("fox", "snow", "night"), "subject")
    assert captions[0] == "a fox in the snow at night" and len(set(captions)) == 72
    assert zero_shot.asked(Scene("fox", "space", count=2)) == ["subject", "setting", "count"]


def test_zeroShot_perfectEmbeddings_are_all_right(clip, monkeypatch):
    scenes = [numbered_scene(seed) for seed in range(6)]
    monkeypatch.setattr(zero_shot, "text_embeddings", lambda _clip, _tokenizer, texts: {text: vector(text) for text in texts})
    monkeypatch.setattr(zero_shot, "embed_images", lambda _clip, pixels: np.stack([vector(caption(scene)) for scene in scenes]))
    values = zero_shot.accuracies(None, None, scenes, {"renders": np.zeros((6, 64, 64, 3), np.uint8)})
    assert all(share["share"] == 1 for share in values["renders"].values())


def vector(text):
    values = np.random.default_rng(abs(hash(text))).normal(size=32)
    return values / np.linalg.norm(values)


def run(module, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    module.main()


@needs_font
def test_commands_tinyModels_measure_and_write_cards(base, upscaler, clip, captioner, judge_file, tmp_path, same_process, monkeypatch):
    read_all = prompts.read
    monkeypatch.setattr("darkroom_training.prompts.read", lambda name: read_all(name)[::40])
    monkeypatch.setattr(grids, "STEPS", (1, 2))
    monkeypatch.setattr(grids, "GUIDANCE", (1.0, 2.0))
    monkeypatch.setattr(concepts, "PLACES", ["snow", "plain red"])
    monkeypatch.setattr(concepts, "OTHERS", ["fox", "owl"])
    monkeypatch.setattr(evaluate_upscaler, "SHEET_ROWS", 2)
    cache, judged = ("--cache", tmp_path / "cache"), ("--judge", judge_file)
    unet_output, upscaler_output, clip_output, caption_output = (tmp_path / name for name in ("unet", "upscaler", "clip", "caption"))
    run(evaluate, monkeypatch, base, *judged, *cache, "--clip", clip, "--output", unet_output, "--prompts", 12, "--seen-prompts", 2,
        "--fresh", 12, "--grid-prompts", 2)  # fmt: skip
    run(evaluate_upscaler, monkeypatch, upscaler, *judged, *cache, "--clip", clip, "--base", base, "--output", upscaler_output, "--pictures", 2,
        "--fresh", 2, "--tiled", 1)  # fmt: skip
    run(zero_shot, monkeypatch, clip, *cache, "--base", base, "--output", clip_output, "--pictures", 2)
    run(concepts, monkeypatch, clip, *judged, *cache, "--base", base, "--output", clip_output, "--each", 3, "--pairs-each", 1, "--prompts", 12,
        "--drawn-with", 4, "--drawn-without", 12)  # fmt: skip
    run(evaluate_caption, monkeypatch, captioner, *cache, "--base", base, "--output", caption_output, "--pictures", 4, "--generated", 2)

    found = json.loads((captioner / "caption_calibration.json").read_text())
    assert found["temperature"] > 0 and 0 <= found["threshold"] <= 1
    written = json.loads((clip / "concepts.json").read_text())
    assert written["special_care_margin"] == 0.01
    assert [(c["name"], c["category"]) for c in written["concepts"]] == list(concepts.CATEGORIES.items())
    assert all(abs(np.linalg.norm(concept["embedding"]) - 1) < 1e-4 for concept in written["concepts"])
    figures = read(unet_output)
    assert figures["prompt_following"]["held out"]["subject"]["asked"] == 12
    assert len(figures["grid"]["cells"]) == 4 and len(figures["failures"]) == 12

    for folder, output in ((base, unet_output), (upscaler, upscaler_output), (clip, clip_output), (captioner, caption_output)):
        (folder.parent / "README.md").write_text("| folder | what | size |\n|---|---|---:|\n")
        card.write(folder, TRAINING, output)
        text = (folder / "README.md").read_text()
        assert "Method." in text and "Limits." in text and "None" not in text
        assert f"| [{folder.name}]({folder.name}/README.md) | " in (folder.parent / "README.md").read_text()
        assert all((folder / name).exists() for name in re.findall(r"]\((\w+\.png)\)", text))


def test_card_figuresOfOtherWeights_are_refused(base, tmp_path):
    Figures(tmp_path, "0" * 64).put("x", 1)
    with pytest.raises(SystemExit, match="other weights"):
        card.write(base, TRAINING, tmp_path)


def test_withLine_replaces_a_folders_line_or_adds_it():
    index = "# models\n\n| folder | what |\n|---|---|\n| [a](a/README.md) | old |\n\nText.\n"
    assert "| [a](a/README.md) | new |\n\nText." in card.with_line(index, "a", "| [a](a/README.md) | new |")
    assert "old |\n| [b](b/README.md) | new |\n\nText." in card.with_line(index, "b", "| [b](b/README.md) | new |")


@pytest.mark.parametrize(("folders", "limit"), [(("pocket-unet", "pocket-upscaler", "pocket-clip"), 60e6), (("pocket-dit",), 25e6), (("pocket-caption",), 10e6), (("pocket-interpolation",), 2e6), (("pocket-video",), 50e6)])
def test_models_stay_small(folders, limit):
    assert sum(file.stat().st_size for folder in folders for file in (MODEL.parent / folder).rglob("*") if file.is_file()) <= limit


@needs_font
def test_renders_and_reconstructions_are_pictures_of_the_same_scenes(base):
    rendered = validation.renders(3, 2)
    assert np.array_equal(rendered, validation.renders(0, 5)[3:])
    assert validation.renders(0, 1, 256).shape == (1, 256, 256, 3)
    from diffusers import AutoencoderKL

    through = validation.reconstructions(AutoencoderKL.from_pretrained(base / "vae").float(), rendered)
    assert np.abs(through.astype(int) - rendered).mean() < 12


def test_directionsFromTexts_are_unit_vectors(clip):
    found = concepts.directions_from_texts(CLIPModel.from_pretrained(clip).float(), CLIPTokenizer.from_pretrained(clip))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_nearest_is_the_candidate_whose_vector_points_to_the_text():
    texts = np.eye(3)[[0, 1]]
    images = np.stack([np.eye(3)[[1, 1]], np.eye(3)[[0, 2]]])  # two candidates of two prompts
    assert best_of.nearest(images, texts).tolist() == [1, 0]
