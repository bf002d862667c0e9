# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Clips: how they are drawn, the video model's layers and training, the interpolation, and how both are measured."""

import json
import random
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from conftest import MODEL, shipped, tiny_unet
from diffusers import TextToVideoSDPipeline, UNet3DConditionModel
from diffusers.models.attention_processor import Attention

from darkroom_training import (
    clips,
    evaluate_interpolation,
    evaluate_video,
    interpolation,
    interpolation_card,
    motion_judge,
    parallel,
    pictures,
    video,
    video_card,
)
from darkroom_training.export import export, video_unet_graph, write
from darkroom_training.generated import Sampling, generate, load_pipeline
from darkroom_training.judge import Judge
from darkroom_training.temporal import flatten_time
from darkroom_training.world import Scene, draw, held_out, subject_mask
from darkroom_training.world.sprites import DEBIAN_FONT

needs_font = pytest.mark.skipif(not Path(DEBIAN_FONT).is_file(), reason="fonts-noto-color-emoji is not installed")
FOX = Scene("fox", "snow", motion="right", seed=3)


def tiny_video_unet(channels: int = 8) -> UNet3DConditionModel:
    torch.manual_seed(0)
    return UNet3DConditionModel(
        sample_size=16, in_channels=channels, out_channels=channels, layers_per_block=1, block_out_channels=(16, 32), norm_num_groups=4,
        cross_attention_dim=128, attention_head_dim=16, down_block_types=("DownBlock3D", "CrossAttnDownBlock3D"),
        up_block_types=("CrossAttnUpBlock3D", "UpBlock3D"),
    )  # fmt: skip


def moving(unet: UNet3DConditionModel) -> UNet3DConditionModel:
    """Fills the layers that start as the identity."""
    for parameter in unet.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return unet


def inputs(frames: int):
    noise = torch.Generator().manual_seed(1)
    return torch.randn(2, 8, frames, 16, 16, generator=noise), torch.tensor([3.0, 700.0]), torch.randn(2, 9, 128, generator=noise)


@torch.inference_mode()
def test_inflate_starts_as_the_picture_model_frame_by_frame():
    picture_model = tiny_unet(8).eval()
    unet = video.inflate(tiny_video_unet(), picture_model).eval()
    sample, steps, states = inputs(3)
    found = unet(sample, steps, states).sample
    for frame in range(3):
        torch.testing.assert_close(found[:, :, frame], picture_model(sample[:, :, frame], steps, states).sample, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_splitHeads_lowRankHeads_attend_as_before():
    torch.manual_seed(0)
    wide, narrow = Attention(24, heads=1, dim_head=24), Attention(24, heads=2, dim_head=12)
    weights = wide.state_dict()
    weights["to_k.weight"][12:] = 0  # its bilinear form has rank 12
    states = torch.randn(2, 5, 24)
    expected = wide(states)
    named = {f"a.{name}": values for name, values in weights.items()}
    video.split_heads(named, "a", 1, 2)
    narrow.load_state_dict({name.removeprefix("a."): values for name, values in named.items()})
    torch.testing.assert_close(narrow(states), expected, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_flattenTime_changes_no_result():
    unet = moving(tiny_video_unet()).eval()
    before = unet(*inputs(5)).sample
    torch.testing.assert_close(flatten_time(unet)(*inputs(5)).sample, before, atol=1e-5, rtol=1e-4)


@needs_font
def test_clip_first_frame_is_the_scene_at_rest_in_time():
    frames = clips.clip(FOX, frames=3)
    assert np.array_equal(frames[0], np.asarray(draw(FOX, 64, t=0.0)))
    assert np.array_equal(frames[2], np.asarray(draw(FOX, 64, t=0.25)))


@needs_font
def test_subjectMask_follows_the_motion():
    columns = [subject_mask(FOX, t=t).astype(float).sum(0) for t in (0.0, 1.9)]
    early, late = (np.average(np.arange(16), weights=weight) for weight in columns)
    assert late - early == pytest.approx(1.9 * 0.26 * 16, abs=1)


@needs_font
def test_videoTask_run_writes_a_pipeline(tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "SHARD", 6)
    monkeypatch.setattr(pictures, "SHARD", 16)
    monkeypatch.setattr(video, "new_video_unet", lambda channels: moving(tiny_video_unet(channels)))
    monkeypatch.setattr(video, "UNet2DConditionModel", type("Tiny", (), {"from_pretrained": staticmethod(lambda _: tiny_unet(8))}))
    shards, stills = tmp_path / "clips", tmp_path / "stills"
    shards.mkdir()
    stills.mkdir()
    clips.draw_shard(0, shards, clips.FIRST_CLIP_SEED, MODEL / "vae")
    pictures.draw_shard(0, stills, pictures.FIRST_TRAINING_SEED, 16, MODEL / "vae")
    assert not any(held_out(clips.numbered_clip(int(seed))) for seed in pictures.load_shards(shards)["seeds"])
    task = video.VideoTask(tmp_path / "model", shards, MODEL / "vae", MODEL / "tokenizer", MODEL, 2, 0, stills)
    batches = task.batches(0)
    assert [next(batches)[0].shape[2] for _ in range(3)] == [1, *[pytest.approx(video.WINDOW, abs=8)] * 2]
    parallel.train(task, parallel.Run(tmp_path / "training.pt", 1e-9, 1))
    pipeline = load_pipeline(tmp_path / "model")
    assert isinstance(pipeline, TextToVideoSDPipeline)
    made = generate(pipeline, ["a fox moving right in the snow"], [1], Sampling(1, 2.0))
    assert made.shape == (1, clips.FRAMES, 64, 64, 3)
    assert json.loads((tmp_path / "model/generation_defaults.json").read_text())["frame_rate"] == clips.FRAME_RATE


def test_export_videoFolder_takes_any_number_of_frames(tmp_path):
    text_encoder, vae, tokenizer = shipped()
    video.save_video_pipeline(tmp_path, moving(tiny_video_unet()), text_encoder, vae, tokenizer)
    assert write(*video_unet_graph(tmp_path, UNet3DConditionModel)).difference < 1e-5
    unet = UNet3DConditionModel.from_pretrained(tmp_path / "unet").float().eval()
    session = onnxruntime.InferenceSession(str(tmp_path / "unet/model.onnx"))
    for frames in (1, 7):
        values = dict(zip(("sample", "timestep", "encoder_hidden_states"), inputs(frames), strict=True))
        with torch.no_grad():
            expected = unet(*values.values()).sample.numpy()
        assert np.abs(session.run(None, {name: value.numpy() for name, value in values.items()})[0] - expected).max() < 1e-4


def test_warped_takes_pixels_from_where_the_flow_points():
    image = torch.arange(20.0).view(1, 1, 4, 5).expand(1, 3, 4, 5)
    flow = torch.zeros(1, 2, 4, 5)
    flow[:, 0], flow[:, 1] = 1, 2  # right, down
    assert interpolation.warped(image, flow)[0, 0, 0, :4].tolist() == pytest.approx([11, 12, 13, 14], abs=1e-4)


def test_interpolation_untrained_blends_both_frames_evenly():
    first, second = torch.rand(1, 3, 16, 24), torch.rand(1, 3, 16, 24)
    found = interpolation.PocketInterpolation()(first, second, torch.full((1, 1, 1, 1), 0.5))
    torch.testing.assert_close(found, (first + second) / 2, atol=1e-4, rtol=1e-3)


@needs_font
def test_interpolationTask_learns_and_its_graph_agrees(tmp_path, monkeypatch):
    monkeypatch.setattr(interpolation, "BATCH", 2)
    monkeypatch.setattr(interpolation, "SIZES", (64,))
    task = interpolation.InterpolationTask(tmp_path / "model", None)
    networks, batch = task.networks(), next(task.batches(0))
    optimizer = torch.optim.Adam(networks["interpolation"].parameters(), 2e-4)
    losses = []
    for _ in range(12):
        losses.append(task.loss(networks, batch))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0]
    task.save(networks)
    assert max(written.difference for written in export(task.folder)) < 1e-4


@needs_font
def test_interpolation_psnr_counts_eight_bit_levels():
    frame = torch.full((3, 4, 4), 0.5)
    assert evaluate_interpolation.psnr(frame + 10 / 255, frame) == pytest.approx(20 * np.log10(255 / 10), abs=1e-3)
    seeds = evaluate_interpolation.held_out_motions(3)
    assert all(scene.motion and held_out(scene) for _, scene in seeds)
    found = evaluate_interpolation.measured(interpolation.PocketInterpolation(), seeds, 64)["all"]
    assert found["frames"] == 6 and found["ours"] < found["blended"] + 1


@needs_font
def test_motionJudgeTask_loss_reaches_every_layer(tmp_path, monkeypatch):
    monkeypatch.setattr(motion_judge, "BATCH", 2)
    task = motion_judge.MotionJudgeTask(tmp_path / "motion.pt")
    networks = task.networks()
    task.loss(networks, next(task.batches(0))).backward()
    assert all(parameter.grad is not None for parameter in networks["judge"].parameters())
    task.save(networks)
    motions, features = motion_judge.seen(motion_judge.load_motion_judge(task.file), np.zeros((3, 16, 64, 64, 3), np.uint8))
    assert set(motions) <= set(motion_judge.CLASSES) and features.shape == (3, motion_judge.FEATURES)


def test_frechet_of_shifted_gaussians_is_their_squared_distance():
    values = np.random.default_rng(0).standard_normal((4000, 5))
    assert evaluate_video.frechet(values, values + 2) == pytest.approx(20, rel=1e-6)
    assert evaluate_video.frechet(values, 3 * values) == pytest.approx(5 * 4, rel=0.1)


@needs_font
def test_evaluateVideo_frozenAndShuffled_are_told_apart(tmp_path):
    torch.manual_seed(0)
    judge = Judge().eval()
    drawn = np.stack([clips.clip(scene) for _, scene in evaluate_interpolation.held_out_motions(2)])
    assert not np.diff(evaluate_video.frozen(drawn).astype(int), axis=1).any()
    assert sorted(map(bytes, evaluate_video.shuffled(drawn)[0])) == sorted(map(bytes, drawn[0]))
    frames = evaluate_video.surest_frames(judge, drawn)
    assert frames.shape == (2, 64, 64, 3) and any(np.array_equal(frames[0], frame) for frame in drawn[0])
    evaluate_video.animated(drawn, tmp_path / "clip.webp")
    assert (tmp_path / "clip.webp").stat().st_size > 1000


@needs_font
def test_trainingTriple_lies_between_its_frames():
    rng = random.Random(0)
    frames, share = interpolation.triple(rng, FOX, 128)
    assert frames.shape == (3, interpolation.PIECE, interpolation.PIECE, 3) and 0 < share < 1


def test_interpolation_savedWeights_load_again(tmp_path):
    network = interpolation.PocketInterpolation()
    interpolation.save(tmp_path, network)
    assert torch.equal(interpolation.load(tmp_path).stages[0].down[0][0].bias, network.stages[0].down[0][0].bias.half().float())


@needs_font
def test_cards_of_video_and_interpolation_tell_what_was_measured(tmp_path):
    share = {"right": 9, "asked": 10, "share": 0.9, "low": 0.6, "high": 0.98}
    steady = {"frame consistency": 0.97, "clip score": 0.7, "frame difference": 3.0}
    measured = {
        "settings": {"guidance_scale": 2.0, "num_inference_steps": 15, "dtype": "bfloat16", "clips": 10, "fresh": 20},
        "shares": {"generated": {"subject": share, "motion": share}}, "by motion": {"up": share}, "steadiness": {"generated": steady},
        "distances": {"generated": {"FVD": 1.5, "frame FID": 0.25}, "generated, frozen": {"FVD": 9.5, "frame FID": 0.25}},
    }  # fmt: skip
    training = {"data": "Clips.", "method": "Slowly.", "command": "darkroom-train-video", "cost": "An hour.", "limits": "Many."}
    text_encoder, vae, tokenizer = shipped()
    video.save_video_pipeline(tmp_path, tiny_video_unet(), text_encoder, vae, tokenizer)
    card = video_card.text(tmp_path, training, measured)
    assert "90.0 % (60.0 to 98.0)" in card and "| generated, frozen | 9.50 |" in card
    assert "90.0 %" in video_card.line(tmp_path, measured)
    interpolation.save(tmp_path / "interpolation", interpolation.PocketInterpolation())
    one = {"all": {"frames": 2, "ours": 34.5, "blended": 31.0}}
    measured = {"settings": {"scenes": 1}, "psnr at 64 px": one, "psnr at 256 px": one}
    assert "| all | 34.50 | 31.00 |" in interpolation_card.text(tmp_path / "interpolation", training, measured)
    assert "+3.5 dB over blending at 64 px" in interpolation_card.line(tmp_path, measured)
