# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The captioner: descriptions and how they read back, views, tokens, whole steps of training, the folder as transformers and ONNX Runtime read it."""

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from conftest import MODEL
from transformers import AutoTokenizer, GenerationConfig, VisionEncoderDecoderModel, ViTImageProcessor

from darkroom_training import caption, parallel, views
from darkroom_training.caption_tokenizer import END, SHORT, new_tokenizer
from darkroom_training.export import export, header
from darkroom_training.world import Scene, held_out, numbered_scene
from darkroom_training.world import caption as worded
from darkroom_training.world.description import as_seen, described, described_shortly, read
from darkroom_training.world.draw import layout
from darkroom_training.world.sprites import DEBIAN_FONT

needs_font = pytest.mark.skipif(not Path(DEBIAN_FONT).is_file(), reason="fonts-noto-color-emoji is not installed")
CLIP = MODEL.parent / "pocket-clip"
IDS = ["encoder_hidden_states", "input_ids"]


@pytest.fixture(scope="module")
def tokenizer():
    return new_tokenizer(count=4000)


@pytest.fixture(scope="module")
def folder(captioner):
    return captioner


def test_read_canonicalCaption_gives_the_scene():
    for seed in range(2000):
        scene = numbered_scene(seed)
        assert read(worded(scene)) == replace(scene, seed=0)


@pytest.mark.parametrize(
    "words", ["", "a fox", "two fox in the snow", "a foxes in the snow", "a fox in the snow at noon", "a fox in the snow in the snow"]
)
def test_read_otherWords_gives_nothing(words):
    assert read(words) is None


def test_asSeen_thingsBesideEachOther_are_told_from_left_to_right():
    pairs = [scene for scene in map(numbered_scene, range(600)) if scene.relation == "beside"]
    assert len(pairs) > 20
    for scene in pairs:
        seen, things = as_seen(scene), sorted(layout(scene), key=lambda thing: thing.x)
        assert (seen.relation, seen.subject, seen.other) == ("left", things[0].name, things[1].name)
        assert (seen.colour, seen.other_colour) == (things[0].colour, things[1].colour)
    assert {as_seen(scene).subject == scene.subject for scene in pairs} == {True, False}


def test_asSeen_otherScenes_stay_as_they_are():
    scene = Scene("fox", "snow", relation="above", other="cat")
    assert as_seen(scene) is scene and described(scene) == "a fox above a cat in the snow"


def test_describedShortly_has_two_to_five_words_and_the_place_where_there_is_room():
    assert all(2 <= len(described_shortly(numbered_scene(seed)).split()) <= 5 for seed in range(2000))
    assert described_shortly(Scene("fox", "snow", colour="red", count=2)) == "two red foxes in snow"
    assert described_shortly(Scene("palm_tree", "snow", relation="left", other="fox")) == "palm tree and fox"
    assert described_shortly(Scene("fox", "plain red", "day", size="big")) == "fox on red"


def test_tokenizer_takes_any_text_and_the_words_of_captions_whole(tokenizer):
    text = 'naïve "Füchse" 狐 in\n the  snow'
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    words = described(numbered_scene(7)).split()
    assert len(new_tokenizer()(" ".join(words)).input_ids) == len(words)
    assert tokenizer.convert_tokens_to_ids([END, SHORT]) == [0, 1]
    assert len(tokenizer) <= 1024


def test_example_ids_are_shifted_by_one_and_prefixes_are_not_learned(tokenizer):
    read_, said = caption.Example(False, "a photo of", " a fox in the snow").ids(tokenizer)
    given = len(tokenizer("a photo of").input_ids)
    assert read_[0] == tokenizer.bos_token_id and said[:given] == [caption.IGNORED] * given
    assert tokenizer.decode(said[given:]) == " a fox in the snow" + END
    assert read_[given + 1 :] == said[given:-1]
    assert caption.Example(True, "", "fox in snow").ids(tokenizer)[0][0] == tokenizer.convert_tokens_to_ids(SHORT)


def test_example_some_are_short_and_some_have_prefixes():
    rng = random.Random(0)
    examples = [caption.example(numbered_scene(3), rng) for _ in range(2000)]
    assert 0.15 < sum(one.short for one in examples) / 2000 < 0.25
    assert 0.04 < sum(bool(one.given) for one in examples) / 2000 < 0.12
    assert {one.words.strip() for one in examples} == {described(numbered_scene(3)), described_shortly(numbered_scene(3))}


@needs_font
def test_view_is_a_function_of_its_seed_at_the_models_size():
    pictures = [views.view(seed) for seed in range(12)]
    assert {picture.shape for picture in pictures} == {(64, 64, 3)}
    assert all(np.array_equal(picture, views.view(seed)) for seed, picture in enumerate(pictures[:3]))


def test_chosenSeeds_hold_more_pairs_than_the_world_and_none_held_out():
    scenes = [numbered_scene(seed) for seed in views.chosen_seeds(range(3000))]
    assert not any(map(held_out, scenes))
    assert sum(scene.other is not None for scene in scenes) / len(scenes) == pytest.approx(views.PAIR_SHARE, abs=0.01)


def test_startFrom_clip_sees_nearly_as_clip_does():
    from transformers import CLIPModel

    clip, model = CLIPModel.from_pretrained(CLIP).float().eval(), caption.new_captioner(new_tokenizer(count=500)).eval()
    pixels = torch.nn.functional.interpolate(torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)), 64, mode="bicubic") * 2 - 1
    with torch.no_grad():
        theirs = clip.vision_model.post_layernorm(clip.vision_model(pixel_values=pixels).last_hidden_state).flatten(1)
        before = model.encoder(pixel_values=pixels).last_hidden_state.flatten(1)
        caption.start_from(model.encoder, clip)
        after = model.encoder(pixel_values=pixels).last_hidden_state.flatten(1)
    near = torch.nn.functional.cosine_similarity(after, theirs)
    assert near.min() > 0.5 and near.min() > torch.nn.functional.cosine_similarity(before, theirs).max() + 0.3


@needs_font
def test_captionTask_few_steps_learn_and_write_a_folder_that_transformers_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "SHARD", 40)
    monkeypatch.setattr(caption, "BATCH", 8)
    (tmp_path / "views").mkdir()
    assert views.draw_shard(0, tmp_path / "views", views.FIRST_VIEW_SEED, MODEL / "vae") > 8
    task = caption.CaptionTask(tmp_path / "model", tmp_path / "views", CLIP)
    networks, batch = task.networks(), next(task.batches(0))
    task.loss(networks, batch).backward()
    missing = [name for name, parameter in networks["captioner"].named_parameters() if parameter.grad is None]
    assert missing == ["encoder.pooler.dense.weight", "encoder.pooler.dense.bias"]
    first = float(task.loss(networks, batch))
    parallel.train(task, parallel.Run(tmp_path / "training.pt", 0.05, 1))
    found = caption.Captioner(tmp_path / "model")
    assert float(task.loss({"captioner": found.model, "heads": networks["heads"]}, batch)) < first
    assert torch.load(tmp_path / "training.pt", weights_only=True)["step"] > 1


def test_folder_is_an_ordinary_one(folder, tokenizer):
    generation = GenerationConfig.from_pretrained(folder)
    ids = (generation.bos_token_id, generation.eos_token_id, generation.pad_token_id, generation.decoder_start_token_id)
    assert ids == (0, 0, 0, 0) and generation.num_beams == 3 and generation.style_to_start_token_id == {"short": 1}
    names = header(folder / "model.safetensors")[1]
    assert {entry["dtype"] for entry in names.values()} == {"F16"}
    assert "decoder.transformer.wte.weight" in names and "decoder.lm_head.weight" not in names
    assert AutoTokenizer.from_pretrained(folder)("a fox").input_ids == tokenizer("a fox").input_ids
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    ours = caption.to_tensor(pixels[None])
    np.testing.assert_allclose(ViTImageProcessor.from_pretrained(folder)(pixels, return_tensors="np").pixel_values, ours, atol=1e-6)


def test_captioner_shortAndFull_begin_with_their_own_tokens_and_know_their_probability(folder):
    captioner = caption.Captioner(folder)
    pixels = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), dtype=np.uint8)
    image = caption.to_tensor(pixels)
    output = captioner.model.generate(image, return_dict_in_generate=True, output_scores=True, length_penalty=0.0)
    found = captioner(pixels)
    np.testing.assert_allclose([one.log_probability for one in found], output.sequences_scores, atol=1e-3)
    assert [one.words for one in found] != [one.words for one in captioner(pixels, short=True)]


def test_export_captioner_agrees_with_pytorch_and_holds_graphs_only(folder):
    written = export(folder)
    assert [graph.path.name for graph in written] == ["encoder_model.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx"]
    assert all(graph.difference < 1e-5 and graph.inline_bytes <= 4096 for graph in written)
    stored = header(folder / "model.safetensors")[1]
    asked = []
    for graph in written[1:]:
        model = onnx.load(str(graph.path), load_external_data=False)
        asked.append([entry.value for tensor in model.graph.initializer for entry in tensor.external_data if entry.key == "offset"])
        assert len(asked[-1]) == len(set(asked[-1]))
    assert len(asked[0]) == sum(name.startswith("decoder.") for name in stored)
    assert set(asked[1]) < set(asked[0])  # what cross-attention makes of the encoder's states is there already


def test_export_captioner_names_are_optimums(folder):
    export(folder)
    own, other = (
        [f"{layer}.{role}.{part}" for layer in range(caption.DECODER_LAYERS) for part in ("key", "value")] for role in ("decoder", "encoder")
    )
    first, following = (onnxruntime.InferenceSession(str(folder / name)) for name in ("decoder_model.onnx", "decoder_with_past_model.onnx"))
    assert sorted(value.name for value in first.get_inputs()) == IDS
    assert sorted(value.name for value in following.get_inputs()) == sorted(["input_ids", *(f"past_key_values.{name}" for name in own + other)])
    assert [value.name for value in first.get_outputs()] == ["logits", *(f"present.{name}" for name in own + other)]
    assert [value.name for value in following.get_outputs()] == ["logits", *(f"present.{name}" for name in own)]


@pytest.mark.parametrize("start", [0, 1])
def test_export_captioner_greedyWithAndWithoutCache_is_what_transformers_generates(folder, start):
    export(folder)
    encoder, first, following = (
        onnxruntime.InferenceSession(str(folder / f"{name}_model.onnx")) for name in ("encoder", "decoder", "decoder_with_past")
    )
    pixels = np.random.default_rng(start).normal(size=(3, 3, 64, 64)).astype(np.float32)
    states = encoder.run(None, {"pixel_values": pixels})[0]
    ids = np.full((3, 1), start)
    logits, *present = first.run(None, {"input_ids": ids, "encoder_hidden_states": states})
    past = {value.name.replace("present", "past_key_values"): tensor for value, tensor in zip(first.get_outputs()[1:], present, strict=True)}
    for _ in range(12):
        whole = first.run(None, {"input_ids": ids, "encoder_hidden_states": states})[0]
        np.testing.assert_allclose(logits[:, -1], whole[:, -1], atol=2e-4)
        ids = np.concatenate([ids, logits[:, -1:].argmax(-1)], 1)
        logits, *present = following.run(None, {"input_ids": ids[:, -1:]} | past)
        past |= {value.name.replace("present", "past_key_values"): tensor for value, tensor in zip(following.get_outputs()[1:], present, strict=True)}
    model = VisionEncoderDecoderModel.from_pretrained(folder).float().eval()
    options = {"num_beams": 1, "do_sample": False, "decoder_start_token_id": start, "max_new_tokens": 12, "min_new_tokens": 12, "eos_token_id": None}
    assert model.generate(torch.from_numpy(pixels), **options).tolist() == ids.tolist()
