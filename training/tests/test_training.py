# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The parts of the trainers: shared weights, optimizers, noise, and whole runs of a few steps."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import MODEL, tiny_unet
from diffusers import AutoencoderKL, PixArtAlphaPipeline, StableDiffusionPipeline
from transformers import CLIPTokenizer

from darkroom_training import clip, dit, judge, latent_task, parallel, pictures, t5_tokenizer, text, unet, upscaler, vae
from darkroom_training.export import header
from darkroom_training.network import new_scheduler, new_text_encoder, new_unet
from darkroom_training.optimizers import Optimizer, Rates, is_matrix, orthogonalized, shares
from darkroom_training.shared_weights import SharedWeights, slices
from darkroom_training.world import held_out, numbered_scene
from darkroom_training.world.sprites import DEBIAN_FONT

needs_font = pytest.mark.skipif(not Path(DEBIAN_FONT).is_file(), reason="fonts-noto-color-emoji is not installed")


def test_slices_cover_every_parameter_once_and_keep_its_values():
    networks = {"unet": new_unet(8)}
    layout = slices(networks)
    shared = SharedWeights(layout[-1].offset + layout[-1].length, 1, "cpu")
    before = [parameter.detach().clone() for parameter in networks["unet"].parameters()]
    shared.fill(layout, networks)
    shared.bind(layout, networks, 0)
    assert all(torch.equal(a, b) for a, b in zip(before, networks["unet"].parameters(), strict=True))
    next(networks["unet"].parameters()).data.fill_(7)
    assert (shared.weights[: layout[0].length] == 7).all()


def test_orthogonalized_moves_singular_values_close_to_one():
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalized(torch.randn(2, 16, 64)))
    assert values.min() > 0.6 and values.max() < 1.3


def test_shares_deal_every_parameter_to_one_process():
    layout = slices({"unet": new_unet(8)})
    dealt = shares(layout, 2)
    assert sorted(part.offset for share in dealt for part in share) == [part.offset for part in layout]
    loads = [sum(part.length for part in share if is_matrix(part)) for share in dealt]
    assert max(loads) < 1.1 * min(loads)


def test_optimizer_descends_a_quadratic():
    torch.manual_seed(0)
    networks = {"net": torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Linear(16, 4))}
    layout = slices(networks)
    shared = SharedWeights(layout[-1].offset + layout[-1].length, 2, "cpu")
    shared.fill(layout, networks)
    optimizers = [Optimizer(shared, share, Rates(0.02, 0.02)) for share in shares(layout, 2)]
    first = shared.weights.square().sum().item()
    for step in range(1, 60):
        shared.gradients.copy_(shared.weights.expand(2, -1))
        for optimizer in optimizers:
            optimizer.step(step, 1 - step / 60)
    assert shared.weights.square().sum().item() < 0.4 * first


def test_noised_v_gives_back_latents_and_noise():
    alphas_cumprod = new_scheduler().alphas_cumprod[torch.tensor([10, 500, 999])]
    latents, noise = torch.randn(3, 8, 4, 4), torch.randn(3, 8, 4, 4)
    sample, v = latent_task.noised(latents, noise, alphas_cumprod)
    signal, spread = alphas_cumprod.sqrt().view(-1, 1, 1, 1), (1 - alphas_cumprod).sqrt().view(-1, 1, 1, 1)
    torch.testing.assert_close(signal * sample - spread * v, latents, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(sample[2], noise[2])  # zero terminal SNR


def test_timeSteps_stress_the_noise_levels_of_shapes_and_leave_none_out():
    steps = latent_task.time_steps(20_000, torch.Generator().manual_seed(0))
    assert steps.min() < 20 and steps.max() > 980
    assert 580 < steps.float().median() < 720


def test_factor_warms_up_and_falls_to_nothing():
    run = parallel.Run(Path("state.pt"), 10, 1, final=0.5)
    assert run.factor(0, 0.0) == 1 / parallel.WARM_UP
    assert run.factor(400, 0.4) == 1
    assert run.factor(999, 0.999) < 0.01


def test_trainingCaption_is_empty_once_in_ten():
    rng = random.Random(0)
    captions = [text.training_caption(numbered_scene(seed), rng) for seed in range(2000)]
    assert 0.07 < captions.count("") / 2000 < 0.13


def test_pretrain_text_learns_the_setting():
    tokenizer = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
    torch.manual_seed(0)
    encoder = new_text_encoder(tokenizer)
    before = encoder.text_model.embeddings.token_embedding.weight.detach().clone()
    text.pretrain(encoder, tokenizer, 3, lambda network, ids: network(ids).last_hidden_state[:, -1], size=16)
    assert not torch.equal(before, encoder.text_model.embeddings.token_embedding.weight)


def test_withStrangeWords_keeps_every_word_that_means_something_in_order():
    rng = random.Random(3)
    for _ in range(50):
        words = text.with_strange_words("a red fox to the left of two owls in the snow", rng).split()
        kept = [word for word in words if word in ("red", "fox", "to", "left", "two", "owls", "snow")]
        assert kept == ["red", "fox", "to", "left", "two", "owls", "snow"]
        assert 8 <= len(words) <= 12 + text.STRANGE_WORDS


class Line:
    """A task: one weight that should become 3."""

    def __init__(self):
        self.saved = []

    def networks(self):
        network = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(network.weight)
        return {"line": network}

    def batches(self, seed):
        while True:
            yield (torch.ones(4, 1),)

    def loss(self, networks, batch):
        return (networks["line"](batch[0]) - 3).square().mean()

    def save(self, networks):
        self.saved.append(networks["line"].weight.item())


def test_train_task_learns_saves_and_goes_on_where_it_was(tmp_path):
    task, rates = Line(), Rates(0.1, 0.1)
    parallel.train(task, parallel.Run(tmp_path / "state.pt", 0.01, 1, rates, average=0.5))
    steps = torch.load(tmp_path / "state.pt", weights_only=True)["step"]
    assert steps > 3 and task.saved[-1] > 0.05
    parallel.train(task, parallel.Run(tmp_path / "state.pt", 1e-6, 1, rates, average=0.5))
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == steps + 1
    assert abs(task.saved[-1] - 3) <= abs(task.saved[-2] - 3) + 1e-4


def source(count):
    return torch.from_numpy(pictures.pictures(list(range(count)))).share_memory_()


@needs_font
def test_windows_are_cut_out_of_large_drawings():
    cut = pictures.windows([1, 2])
    assert cut.shape == (2 * pictures.WINDOWS, 64, 64, 3)
    assert np.array_equal(cut, pictures.windows([1, 2]))


def test_sharpWindow_prefers_edges():
    image = np.zeros((64, 64, 3), np.uint8)
    image[40::8] = image[41::8] = 255
    rng = np.random.default_rng(0)
    assert np.mean([pictures.sharp_window(image, 16, rng).max() > 0 for _ in range(100)]) > 0.6


@needs_font
def test_vaeTask_trains_whole_pictures_and_windows(tmp_path, monkeypatch):
    monkeypatch.setattr(vae, "VALIDATION", 4)
    monkeypatch.setattr(vae, "WHOLE_BATCH", 4)
    task = vae.VaeTask(tmp_path / "model", None, False, source(8), source(4), 1)
    batches = task.batches(0)
    assert [next(batches)[0].shape for _ in range(2)] == [(vae.WHOLE_BATCH, 3, 64, 64), (vae.WINDOWED_BATCH, 3, 32, 32)]
    networks = task.networks()
    task.loss(networks, next(batches)).backward()
    assert all(parameter.grad is not None for parameter in networks["vae"].parameters())
    task.save(networks)
    assert {values["dtype"] for values in header(next((tmp_path / "model").glob("*.safetensors")))[1].values()} == {"F16"}
    assert AutoencoderKL.load_config(tmp_path / "model")["scaling_factor"] != vae.new_vae().config.scaling_factor


@needs_font
def test_vaeTask_frozenEncoder_stays_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(vae, "VALIDATION", 4)
    monkeypatch.setattr(vae, "WHOLE_BATCH", 4)
    task = vae.VaeTask(tmp_path / "model", MODEL / "vae", True, source(8), source(4), 1)
    networks = task.networks()
    task.loss(networks, next(task.batches(0))).backward()
    with torch.no_grad():
        for network in networks.values():
            for parameter in network.parameters():
                parameter -= 0.1 * parameter.grad
    task.save(networks)
    before, after = (AutoencoderKL.from_pretrained(folder) for folder in (MODEL / "vae", tmp_path / "model"))
    assert after.config.scaling_factor == before.config.scaling_factor
    assert all(torch.equal(*pair) for pair in zip(before.encoder.parameters(), after.encoder.parameters(), strict=True))
    assert not torch.equal(before.decoder.conv_out.weight, after.decoder.conv_out.weight)


def test_reconstructionLoss_is_least_for_the_picture_itself():
    image = torch.rand(2, 3, 8, 8)
    assert vae.reconstruction_loss(image, image) < vae.reconstruction_loss(image + 0.01, image) < vae.reconstruction_loss(image + 0.1, image)


@needs_font
def test_drawnWindows_are_kept(tmp_path, monkeypatch):
    file = tmp_path / "windows.npy"
    np.save(file, np.zeros((4, 64, 64, 3), np.uint8))
    assert np.array_equal(vae.drawn_windows(file, 1), np.zeros((4, 64, 64, 3), np.uint8))


@needs_font
def test_unetTask_run_writes_a_pipeline(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "SHARD", 16)
    monkeypatch.setattr(unet, "new_unet", tiny_unet)
    latents = tmp_path / "latents"
    latents.mkdir()
    pictures.draw_shard(0, latents, pictures.FIRST_TRAINING_SEED, 16, MODEL / "vae")
    assert not any(held_out(numbered_scene(int(seed))) for seed in pictures.load_shards(latents)["seeds"])
    task = unet.UnetTask(tmp_path / "model", latents, MODEL / "vae", MODEL / "tokenizer", None, 2, 1)
    task.pretrain()
    parallel.train(task, parallel.Run(tmp_path / "training.pt", 1e-9, 1))
    assert torch.load(tmp_path / "training.pt", weights_only=True)["step"] == 1
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "model", torch_dtype=torch.float32)
    assert pipeline("a fox in the snow", num_inference_steps=1, output_type="np").images.shape == (1, 64, 64, 3)
    weights = json.loads((tmp_path / "model/scheduler/scheduler_config.json").read_text())
    assert weights["prediction_type"] == "v_prediction" and weights["rescale_betas_zero_snr"]


@needs_font
def test_ditTask_taughtByTheUnet_writes_a_pipeline(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "SHARD", 16)
    latents, tokenizer = tmp_path / "latents", tmp_path / "tokenizer"
    latents.mkdir()
    pictures.draw_shard(0, latents, pictures.FIRST_TRAINING_SEED, 16, MODEL / "vae")
    t5_tokenizer.train(tokenizer, 1024, 32, 2000)
    task = dit.DitTask(tmp_path / "model", latents, MODEL / "vae", tokenizer, None, 2, 1, MODEL)
    task.pretrain()
    parallel.train(task, parallel.Run(tmp_path / "training.pt", 1e-9, 1))
    pipeline = PixArtAlphaPipeline.from_pretrained(tmp_path / "model", torch_dtype=torch.float32)
    assert pipeline("a fox in the snow", num_inference_steps=2, use_resolution_binning=False, output_type="np").images.shape == (1, 64, 64, 3)


def test_ditTask_teacher_isMostOfTheTarget(tmp_path):
    task = dit.DitTask(tmp_path, tmp_path, MODEL / "vae", tmp_path, None, 2, 1, MODEL)
    sample, v = torch.randn(1, 8, 16, 16), torch.zeros(1, 8, 16, 16)
    target, _ = task.target()(["a fox"], sample, torch.tensor([500]), v)
    assert target.std() > 0.1
    other, _ = task.target()(["a fox"], sample, torch.tensor([500]), v + 1)
    torch.testing.assert_close(other - target, torch.full_like(v, 1 - dit.TEACHER_SHARE))


def test_ditTask_loss_fallsWithTokensLikeTheTeachersFeatures(tmp_path, monkeypatch):
    tokenizer = tmp_path / "tokenizer"
    t5_tokenizer.train(tokenizer, 1024, 32, 2000)
    task = dit.DitTask(tmp_path / "model", tmp_path, MODEL / "vae", tokenizer, None, 2, 0, MODEL)
    networks, sample, steps = task.networks(), torch.randn(1, 8, 16, 16), torch.tensor([500])
    target, features = task.target()(["a fox"], sample, steps, torch.zeros(1, 8, 16, 16))
    ids, masks = text.input_ids(task.load_tokenizer(), ["a fox"]), torch.zeros(1, 16, 16)
    task.predict(networks, sample, steps, ids)
    seen = networks["projection"](networks["transformer"].transformer_blocks[dit.ALIGNED_BLOCK].output).detach()
    alike, opposite = (task.loss(networks, (sample, steps, ids, (target, sign * seen), masks)).item() for sign in (1, -1))
    assert features.shape == seen.shape
    assert opposite - alike == pytest.approx(2 * dit.ALIGNMENT, rel=0.01)


@needs_font
def test_clipTask_loss_reaches_both_towers(monkeypatch):
    monkeypatch.setattr(clip, "BATCH", 6)
    task = clip.ClipTask(Path("model"), MODEL)
    networks = task.networks()
    task.loss(networks, next(task.batches(0))).backward()
    missing = [name for name, parameter in networks["clip"].named_parameters() if parameter.grad is None]
    assert missing == []


@needs_font
def test_upscalerTask_loss_has_gradients(tmp_path, monkeypatch):
    monkeypatch.setattr(upscaler, "SHARD", 2)
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    upscaler.draw_shard(0, pairs, MODEL / "vae", 2)
    monkeypatch.setattr(upscaler, "new_unet", lambda channels: tiny_unet(channels + 3, channels, class_embed_type="timestep"))
    task = upscaler.UpscalerTask(tmp_path / "model", pairs, MODEL, None)
    networks, batches = task.networks(), task.batches(0)
    task.loss(networks, next(batches)).backward()
    assert all(parameter.grad is not None for parameter in networks["unet"].parameters())


@needs_font
def test_judgeTask_loss_has_gradients(tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "BATCH", 4)
    task = judge.JudgeTask(tmp_path / "judge.pt", MODEL / "vae", None, pictures.FIRST_JUDGE_SEED)
    networks = task.networks()
    task.loss(networks, next(task.batches(0))).backward()
    assert all(parameter.grad is not None for parameter in networks["judge"].parameters())


def test_encoded_pictures_are_the_means_of_the_posterior():
    network = AutoencoderKL.from_pretrained(MODEL / "vae").float()
    pixels = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        mean = network.encode(pictures.to_tensor(pixels)).latent_dist.mean.numpy()
    assert np.abs(pictures.encoded(network, pixels) - mean).max() < 0.15  # bfloat16
