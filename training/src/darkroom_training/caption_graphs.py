# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The graphs of a VisionEncoderDecoderModel folder, with the keys and values of cross-attention kept: they are computed once for a picture.

    encoder_model.onnx          pixel_values (B, 3, H, W), H and W the model's own -> last_hidden_state (B, T, D), as wide as the decoder wants it
    decoder_model.onnx          input_ids (B, S) int64, encoder_hidden_states (B, T, D) -> logits (B, S, V) and, for each layer I,
                                present.I.decoder.key and .value (B, heads, S, W), present.I.encoder.key and .value (B, heads, T, W)
    decoder_with_past_model.onnx  input_ids (B, 1), past_key_values.I.decoder.* (B, heads, P, W), past_key_values.I.encoder.* -> logits (B, 1, V),
                                present.I.decoder.* (B, heads, P + 1, W). The names are Optimum's for BART and T5; its export of GPT-2 has no
                                encoder keys and values, and computes them again for every token
"""

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from transformers import VisionEncoderDecoderModel
from transformers.cache_utils import DynamicCache, EncoderDecoderCache

from darkroom_training.export import Graph, load


class CaptionEncoder(nn.Module):
    def __init__(self, model: VisionEncoderDecoderModel):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        states = self.model.encoder(pixel_values).last_hidden_state
        return self.model.enc_to_dec_proj(states) if hasattr(self.model, "enc_to_dec_proj") else states


def keys_and_values(cache: DynamicCache) -> list[torch.Tensor]:
    return [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]


def filled_cache(tensors: tuple[torch.Tensor, ...]) -> DynamicCache:
    cache = DynamicCache()
    for layer in range(len(tensors) // 2):
        cache.update(tensors[2 * layer], tensors[2 * layer + 1], layer)
    return cache


class CaptionDecoder(nn.Module):
    """The first call, for the start token and a prefix. Newer decoders take the mask as it is; TrOCR's makes its own."""

    def __init__(self, model: VisionEncoderDecoderModel):
        super().__init__()
        self.decoder = model.decoder
        self.masked = model.config.decoder.model_type != "trocr"

    def forward(self, input_ids, encoder_hidden_states):
        length = input_ids.shape[1]
        mask = torch.full((length, length), torch.finfo(torch.float32).min).triu(1)[None, None].expand(input_ids.shape[0], 1, -1, -1)
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        logits = self.decoder(
            input_ids, attention_mask=mask if self.masked else None, encoder_hidden_states=encoder_hidden_states, past_key_values=cache, use_cache=True
        ).logits  # fmt: skip
        return logits, *keys_and_values(cache.self_attention_cache), *keys_and_values(cache.cross_attention_cache)


class CaptionDecoderWithPast(nn.Module):
    """Every further call, for one token."""

    def __init__(self, model: VisionEncoderDecoderModel):
        super().__init__()
        self.decoder = model.decoder
        self.masked = model.config.decoder.model_type != "trocr"

    def forward(self, input_ids, *past):
        own, other = past[: len(past) // 2], past[len(past) // 2 :]
        mask = torch.zeros(1, 1, 1, 1).expand(input_ids.shape[0], 1, 1, own[0].shape[2] + 1)
        cache = EncoderDecoderCache(filled_cache(own), filled_cache(other))
        states = other[0][:, 0]  # (B, T, W): only its length is looked at, for keys and values are there
        logits = self.decoder(
            input_ids, attention_mask=mask if self.masked else None, encoder_hidden_states=states, past_key_values=cache, use_cache=True
        ).logits  # fmt: skip
        return logits, *keys_and_values(cache.self_attention_cache)


def cache_names(prefix: str, layers: int, role: str) -> list[str]:
    return [f"{prefix}.{layer}.{role}.{part}" for layer in range(layers) for part in ("key", "value")]


def caption_graphs(folder: Path) -> Iterator[tuple[Graph, list[Path]]]:
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["decoder"]["model_type"]
    attention = "sdpa" if kind == "gpt2" else "eager"  # GPT-2's eager attention keeps a mask of all positions in the graph
    model, files = load(VisionEncoderDecoderModel, folder, attn_implementation=attention)
    noise = torch.Generator().manual_seed(0)
    vision, vocabulary = model.config.encoder, model.config.decoder.vocab_size
    batch, tokens = {0: "batch_size"}, {0: "batch_size", 1: "sequence_length"}
    pixels = {"pixel_values": torch.randn(2, vision.num_channels, vision.image_size, vision.image_size, generator=noise)}
    encoder = CaptionEncoder(model)
    axes = {"pixel_values": batch, "last_hidden_state": batch}
    yield Graph(folder / "encoder_model.onnx", encoder, pixels, axes, ["last_hidden_state"]), files
    with torch.no_grad():
        states = encoder(pixels["pixel_values"])
        ids = torch.randint(vocabulary, (2, 5), generator=noise)
        logits_and_present = CaptionDecoder(model)(ids, states)
    layers = (len(logits_and_present) - 1) // 4
    own, other = (cache_names("present", layers, role) for role in ("decoder", "encoder"))
    inputs = {"input_ids": ids, "encoder_hidden_states": states}
    axes = {
        "input_ids": tokens, "encoder_hidden_states": {**batch, 1: "encoder_sequence_length"}, "logits": tokens,
        **dict.fromkeys(own, {**batch, 2: "sequence_length"}), **dict.fromkeys(other, {**batch, 2: "encoder_sequence_length"}),
    }  # fmt: skip
    yield Graph(folder / "decoder_model.onnx", CaptionDecoder(model), inputs, axes, ["logits", *own, *other]), files
    past_own, past_other = (cache_names("past_key_values", layers, role) for role in ("decoder", "encoder"))
    past = dict(zip((*past_own, *past_other), logits_and_present[1:], strict=True))
    axes = {
        "input_ids": batch, "logits": batch, **dict.fromkeys(own, {**batch, 2: "past_sequence_length + 1"}),
        **dict.fromkeys(past_own, {**batch, 2: "past_sequence_length"}), **dict.fromkeys(past_other, {**batch, 2: "encoder_sequence_length"}),
    }  # fmt: skip
    inputs = {"input_ids": ids[:, :1], **past}
    yield Graph(folder / "decoder_with_past_model.onnx", CaptionDecoderWithPast(model), inputs, axes, ["logits", *own]), files
