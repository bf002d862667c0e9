# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains pocket-caption: VisionEncoderDecoderModel, a ViT (Dosovitskiy et al. 2021) that looks and a GPT-2 (Radford et al. 2019) that words what it sees.

The encoder starts from pocket-clip's, which has the same blocks. Heads that are thrown away afterwards also ask it what the picture shows, for words
alone are slow to tell it what is small. A caption begins with the end-of-text token, a short one with a token of its own, as a language does in
multilingual models: ``generate(pixels, decoder_start_token_id=...)`` gives either, and words that are put behind it are gone on from.
"""

import argparse
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import (
    CLIPModel,
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2TokenizerFast,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)

from darkroom_training.caption_tokenizer import SHORT, new_tokenizer
from darkroom_training.clip import Heads, recoloured, truth_of
from darkroom_training.judge import roughened
from darkroom_training.optimizers import Rates
from darkroom_training.parallel import Run, train
from darkroom_training.pictures import load_shards, to_tensor
from darkroom_training.views import SIDE
from darkroom_training.world import Scene, numbered_scene
from darkroom_training.world.caption import PREFIXES
from darkroom_training.world.description import described, described_shortly

BATCH = 64
WIDTH, HEADS, ENCODER_LAYERS, DECODER_LAYERS = 160, 4, 5, 3  # the encoder's are pocket-clip's
WINDOW = 48  # tokens
ATTENTION = "eager"  # for training: on a CPU the fused kernel's way back takes twice the time
SHORT_SHARE, PREFIXED_SHARE = 0.2, 0.1
ASKED = 0.2  # weight of what the heads are asked
IGNORED = -100  # label of tokens that are given, not learned
MEAN = STD = [0.5] * 3
BEAMS, LENGTH_PENALTY = 3, 0.0  # the likeliest caption, whatever its length


def new_captioner(tokenizer: GPT2TokenizerFast) -> VisionEncoderDecoderModel:
    """Builds encoder and decoder of one width: 64 patches of 8 x 8 px."""
    encoder = ViTConfig(
        hidden_size=WIDTH, intermediate_size=4 * WIDTH, num_hidden_layers=ENCODER_LAYERS, num_attention_heads=HEADS, image_size=SIDE, patch_size=8,
        hidden_act="gelu", layer_norm_eps=1e-5, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        attn_implementation=ATTENTION,
    )  # fmt: skip
    end = tokenizer.eos_token_id
    decoder = GPT2Config(
        vocab_size=len(tokenizer), n_positions=WINDOW, n_embd=WIDTH, n_layer=DECODER_LAYERS, n_head=HEADS, bos_token_id=end, eos_token_id=end,
        add_cross_attention=True, is_decoder=True, activation_function="gelu_pytorch_tanh", resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        attn_implementation=ATTENTION,
    )  # fmt: skip
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder, tie_word_embeddings=False)
    config.bos_token_id = config.eos_token_id = config.pad_token_id = config.decoder_start_token_id = end
    return VisionEncoderDecoderModel(config, ViTModel(encoder), GPT2LMHeadModel(decoder))


@torch.no_grad()
def start_from(encoder: ViTModel, clip: CLIPModel):
    """Copies CLIP's vision tower into a ViT of its shape. The norm that CLIP has before its blocks becomes part of the embeddings.

    A norm is linear but for the division by the standard deviation: the class token's is known, the patches' is taken to be that of their positions
    and of weights on pixels of standard deviation one half.
    """
    tower = clip.vision_model
    gain, bias, embeddings = tower.pre_layrnorm.weight, tower.pre_layrnorm.bias, tower.embeddings
    positions = embeddings.position_embedding.weight
    head = embeddings.class_embedding + positions[0]
    patches = positions[1:] - positions[1:].mean(1, keepdim=True)
    weights = embeddings.patch_embedding.weight - embeddings.patch_embedding.weight.mean(0, keepdim=True)
    spread = (patches.square().mean() + weights.sum((1, 2, 3)).square().mean() / 4).sqrt()
    encoder.embeddings.cls_token.zero_()
    encoder.embeddings.position_embeddings[0, 0] = gain * (head - head.mean()) / head.std(correction=0) + bias
    encoder.embeddings.position_embeddings[0, 1:] = gain * patches / spread + bias
    encoder.embeddings.patch_embeddings.projection.weight.copy_(weights * (gain / spread).view(-1, 1, 1, 1))
    encoder.embeddings.patch_embeddings.projection.bias.zero_()
    for ours, theirs in zip(encoder.encoder.layer, tower.encoder.layers, strict=True):
        attention = ours.attention.attention
        pairs = (
            (ours.layernorm_before, theirs.layer_norm1), (ours.layernorm_after, theirs.layer_norm2), (ours.intermediate.dense, theirs.mlp.fc1),
            (ours.output.dense, theirs.mlp.fc2), (attention.query, theirs.self_attn.q_proj), (attention.key, theirs.self_attn.k_proj),
            (attention.value, theirs.self_attn.v_proj), (ours.attention.output.dense, theirs.self_attn.out_proj),
        )  # fmt: skip
        for own, other in pairs:
            own.load_state_dict(other.state_dict())
    encoder.layernorm.load_state_dict(tower.post_layernorm.state_dict())


@dataclass(frozen=True)
class Example:
    """A caption as it is learned: which token it begins with, words that are given, and words to find."""

    short: bool
    given: str
    words: str

    def ids(self, tokenizer: GPT2TokenizerFast) -> tuple[list[int], list[int]]:
        """Returns what the decoder reads and what it should say next at each place, equally long."""
        start = tokenizer.convert_tokens_to_ids(SHORT) if self.short else tokenizer.bos_token_id
        given, words = len(tokenizer(self.given).input_ids), tokenizer(self.given + self.words).input_ids
        return [start, *words], [IGNORED] * given + [*words[given:], tokenizer.eos_token_id]


def example(scene: Scene, rng: random.Random) -> Example:
    """Words a scene: a fifth shortly, a tenth of the others behind a prefix such as "a photo of"."""
    if rng.random() < SHORT_SHARE:
        return Example(True, "", described_shortly(scene))
    prefix = rng.choice(PREFIXES).rstrip() if rng.random() < PREFIXED_SHARE else ""
    return Example(False, prefix, f" {described(scene)}" if prefix else described(scene))


def padded(rows: Sequence[Sequence[int]], filler: int) -> torch.Tensor:
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=filler)


def batch_of(tokenizer: GPT2TokenizerFast, examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokenizes captions: what is read and what is to be said, both (N, S) int64."""
    read, said = zip(*(each.ids(tokenizer) for each in examples), strict=True)
    return padded(read, tokenizer.pad_token_id), padded(said, IGNORED)


@dataclass(frozen=True)
class CaptionTask:
    folder: Path
    views: Path
    clip: Path | None  # whose vision tower the encoder starts from

    def networks(self):
        torch.manual_seed(0)
        model = new_captioner(new_tokenizer())
        if self.clip:
            start_from(model.encoder, CLIPModel.from_pretrained(self.clip).float())
        return {"captioner": model, "heads": Heads(WIDTH)}

    def batches(self, seed: int) -> Iterator[tuple]:
        shards, tokenizer = load_shards(self.views), new_tokenizer()
        rng = random.Random(seed)
        while True:
            chosen = [rng.randrange(len(shards["seeds"])) for _ in range(BATCH)]
            scenes = [numbered_scene(int(shards["seeds"][i])) for i in chosen]
            read, said = batch_of(tokenizer, [example(scene, rng) for scene in scenes])
            yield recoloured(roughened(to_tensor(shards["pixels"][chosen]))), read, said, truth_of(scenes)

    def loss(self, networks, batch):
        image, read, said, truth = batch
        model = networks["captioner"]
        with torch.autocast(image.device.type, torch.bfloat16):
            states = model.encoder(pixel_values=image).last_hidden_state
            logits = model.decoder(input_ids=read, encoder_hidden_states=states, use_cache=False).logits
        words = F.cross_entropy(logits.float().flatten(0, 1), said.flatten(), ignore_index=IGNORED)
        return words + ASKED * networks["heads"].loss(F.normalize(states[:, 0].float(), dim=-1), truth)

    def save(self, networks):
        save_captioner(self.folder, networks["captioner"], new_tokenizer())


def generation_config(tokenizer: GPT2TokenizerFast) -> GenerationConfig:
    """How captions are found unless a caller says otherwise; ``style_to_start_token_id``: what a short one begins with."""
    end = tokenizer.eos_token_id
    return GenerationConfig(
        bos_token_id=end, eos_token_id=end, pad_token_id=end, decoder_start_token_id=end, max_length=WINDOW - 8, num_beams=BEAMS,
        length_penalty=LENGTH_PENALTY, style_to_start_token_id={"short": tokenizer.convert_tokens_to_ids(SHORT)},
    )  # fmt: skip


def save_captioner(folder: Path, model: VisionEncoderDecoderModel, tokenizer: GPT2TokenizerFast):
    """Writes a transformers folder with float16 weights; the tied head's weights stand in it once."""
    model.generation_config = generation_config(tokenizer)
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    ViTImageProcessor(size={"height": SIDE, "width": SIDE}, image_mean=MEAN, image_std=STD).save_pretrained(folder)


@dataclass(frozen=True)
class Caption:
    """The words of a picture and the natural logarithm of their probability, the end included."""

    words: str
    log_probability: float


class Captioner:
    """A captioner's folder, ready to look at pictures."""

    def __init__(self, folder: Path):
        self.model = VisionEncoderDecoderModel.from_pretrained(folder).float().eval()
        self.tokenizer = GPT2TokenizerFast.from_pretrained(folder)

    @torch.inference_mode()
    def __call__(self, pixels: np.ndarray, short: bool = False, batch: int = 50) -> list[Caption]:
        """Captions pictures (N, 64, 64, 3) uint8 as the folder's generation_config.json says."""
        styles = self.model.generation_config.style_to_start_token_id
        options = {"decoder_start_token_id": styles["short"]} if short else {}
        return [found for part in to_tensor(pixels).split(batch) for found in self._captions(part, options)]

    def _captions(self, image, options):
        ids = self.model.generate(pixel_values=image, **options)
        words = self.tokenizer.batch_decode(ids, skip_special_tokens=True)
        return [Caption(*found) for found in zip(words, self._log_probabilities(image, ids).tolist(), strict=True)]

    def _log_probabilities(self, image, ids):
        """Sums over the tokens up to the first end after the start, (N)."""
        said = ids[:, 1:]
        logits = self.model(pixel_values=image, decoder_input_ids=ids[:, :-1]).logits
        each = logits.log_softmax(-1).gather(2, said.unsqueeze(2)).squeeze(2)
        ended = (said == self.tokenizer.eos_token_id).cumsum(1)
        return (each * ((ended == 0) | ((ended == 1) & (said == self.tokenizer.eos_token_id)))).sum(1)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-caption", description="Trains pocket-caption on drawn views; resumes by itself.")
    parser.add_argument("folder", type=Path, help="where the training state and the model folder `model` go")
    parser.add_argument("--views", type=Path, required=True, help="folder of darkroom-draw-views")
    parser.add_argument("--clip", type=Path, help="CLIP folder whose vision tower the encoder starts from")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--muon-rate", type=float, default=Rates.muon)
    parser.add_argument("--adam-rate", type=float, default=Rates.adam)
    a = parser.parse_args()
    rates = Rates(a.muon_rate, a.adam_rate)
    train(CaptionTask(a.folder / "model", a.views, a.clip), Run(a.folder / "training.pt", a.minutes, a.processes, rates))


if __name__ == "__main__":
    main()
