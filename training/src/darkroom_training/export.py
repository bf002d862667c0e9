# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes graph-only ONNX files beside the safetensors of a Stable Diffusion, SDXL, LCM, PixArt, ModelScope or AnimateDiff video, upscaler, CLIP,
captioner or interpolation folder: one set of weights, two runtimes.

Every initializer is ``external_data`` pointing at a tensor's bytes inside the safetensors file, in the dtype it has there, followed by a
``Cast`` to float32 that ONNX Runtime folds at load. Tensors are found by their values, so tied, renamed and sharded weights need no rule
of their own. ONNX Runtime refuses external data outside the graph's own folder: both VAE graphs therefore stand beside the VAE's weights.

    text_encoder/model.onnx     CLIP: input_ids (B, S) int64 -> last_hidden_state (B, S, D), pooler_output (B, D), hidden_states.I (B, S, D) after
                                layer I, 0 being the embeddings, and normed_hidden_states.I, the same after the final layer norm, for clip-skip;
                                T5: input_ids, attention_mask (B, S) int64 -> last_hidden_state
    text_encoder_2/model.onnx   input_ids -> text_embeds (B, P), last_hidden_state, hidden_states.I
    unet/model.onnx             sample (B, C, h, w), timestep (B) float, encoder_hidden_states (B, S, D) -> out_sample (B, C, h, w);
                                of SDXL: and text_embeds (B, P), time_ids (B, 6; 5 of a refiner);
                                of an LCM: and timestep_cond (B, E), the guidance embedding;
                                of an upscaler: sample (B, C + 3, h, w), and class_labels (B) int64, the noise level;
                                of a video model: sample (B, C, F, h, w) -> out_sample (B, C, F, h, w)
    transformer/model.onnx      PixArt: hidden_states (B, C, h, w), encoder_hidden_states (B, S, D), timestep (B) float, encoder_attention_mask (B, S)
                                int64, and resolution (B, 2), aspect_ratio (B, 1) where the model takes them -> out_hidden_states (B, C or 2 C, h, w)
    vae/decoder_model.onnx      latent_sample (B, C, h, w) -> sample (B, 3, f h, f w) in -1..1
    vae/encoder_model.onnx      sample (B, 3, H, W) in -1..1 -> latent_parameters (B, 2 C, H / f, W / f): mean, log variance

    vision_model.onnx           pixel_values (B, 3, H, W), H and W the model's own -> image_embeds (B, D)
    text_model.onnx             input_ids (B, S) int64 -> text_embeds (B, D), pooled at the end token; embeddings of neither have unit length

and those of a captioner (``caption_graphs.py``) and of an interpolation (``interpolation_graph.py``).
"""

import argparse
import hashlib
import io
import json
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from diffusers import AutoencoderKL, PixArtTransformer2DModel, UNet2DConditionModel, UNet3DConditionModel, UNetMotionModel
from diffusers.models.embeddings import PatchEmbed
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open
from torch import nn
from transformers import CLIPModel, CLIPTextModel, CLIPTextModelWithProjection, T5EncoderModel

from darkroom_training.temporal import flatten_time

OPSET = 18
INLINE_LIMIT = 65536  # bytes of values that no safetensors file holds (position ids and the like)
ONNX_TYPES = {"F32": TensorProto.FLOAT, "F16": TensorProto.FLOAT16, "BF16": TensorProto.BFLOAT16}


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor's bytes lie: file, dtype of safetensors, offset from the start of the file and length in bytes."""

    file: str
    dtype: str
    offset: int
    length: int


@dataclass(frozen=True)
class Graph:
    """One network of the folder with its names, axes and an example input to trace it with."""

    path: Path
    network: nn.Module
    inputs: dict[str, torch.Tensor]
    axes: dict[str, dict[int, str]]
    outputs: list[str]


@dataclass(frozen=True)
class Written:
    """A graph as written: its size, the bytes that stayed inline, and its largest difference to PyTorch, relative to the output's range."""

    path: Path
    graph_bytes: int
    inline_bytes: int
    difference: float


class TextEncoder(nn.Module):
    """CLIP's text encoder with every layer; ``normed``: also as clip-skip wants them, after the norm that follows the last layer."""

    def __init__(self, model: CLIPTextModel, normed: bool):
        super().__init__()
        self.model, self.normed = model, normed

    def forward(self, input_ids):
        output = self.model(input_ids, output_hidden_states=True)
        norm = self.model.text_model.final_layer_norm
        normed = tuple(norm(state) for state in output.hidden_states[:-1]) if self.normed else ()
        return output.last_hidden_state, output.pooler_output, *output.hidden_states, *normed


class ProjectedTextEncoder(nn.Module):
    def __init__(self, model: CLIPTextModelWithProjection):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        output = self.model(input_ids, output_hidden_states=True)
        return output.text_embeds, output.last_hidden_state, *output.hidden_states


class MaskedTextEncoder(nn.Module):
    def __init__(self, model: T5EncoderModel):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids, attention_mask=attention_mask).last_hidden_state


class Denoiser(nn.Module):
    """A U-Net with the further inputs that it has, in the order of ``names``."""

    ADDED = ("text_embeds", "time_ids")

    def __init__(self, model: UNet2DConditionModel, names: list[str]):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, sample, timestep, encoder_hidden_states, *further):
        values = dict(zip(self.names, further, strict=True))
        added = {name: values.pop(name) for name in self.ADDED if name in values}
        return self.model(sample, timestep, encoder_hidden_states, added_cond_kwargs=added or None, **values, return_dict=False)[0]


class VideoDenoiser(nn.Module):
    """A U-Net of clips, told one text per clip: UNetMotionModel wants it once per frame."""

    def __init__(self, model: UNet3DConditionModel | UNetMotionModel):
        super().__init__()
        self.model, self.per_frame = flatten_time(model), isinstance(model, UNetMotionModel)

    def forward(self, sample, timestep, encoder_hidden_states):
        if self.per_frame:
            encoder_hidden_states = encoder_hidden_states.repeat_interleave(sample.shape[2], dim=0)
        return self.model(sample, timestep, encoder_hidden_states, return_dict=False)[0]


class AnySizePatchEmbed(nn.Module):
    """``PatchEmbed`` with sine positions computed in the graph: as traced, diffusers' are constants of one size."""

    def __init__(self, patches: PatchEmbed):
        super().__init__()
        self.patches, self.width = patches, patches.pos_embed.shape[-1]

    def positions(self, count: torch.Tensor) -> torch.Tensor:
        places = torch.arange(count) / (count / self.patches.base_size) / self.patches.interpolation_scale
        omega = 1 / 10000 ** (torch.arange(self.width // 4, dtype=torch.float64) / (self.width / 4.0))
        angles = places.double()[:, None] * omega
        return torch.cat([angles.sin(), angles.cos()], dim=1).float()

    def forward(self, latent):
        features = self.patches.proj(latent)  # (B, D, h, w)
        height, width = features.shape[2], features.shape[3]
        across = self.positions(width)[None].expand(height, -1, -1)  # columns in the first half, as in diffusers
        down = self.positions(height)[:, None].expand(-1, width, -1)
        positions = torch.cat([across, down], dim=2).reshape(1, -1, self.width)
        return features.flatten(2).transpose(1, 2) + positions


class Transformer(nn.Module):
    """PixArt's transformer with its micro conditions, if it has them, as inputs of their own."""

    def __init__(self, model: PixArtTransformer2DModel):
        super().__init__()
        self.model = model
        model.pos_embed = AnySizePatchEmbed(model.pos_embed)

    def forward(self, hidden_states, encoder_hidden_states, timestep, encoder_attention_mask, resolution=None, aspect_ratio=None):
        return self.model(
            hidden_states, encoder_hidden_states, timestep, encoder_attention_mask=encoder_attention_mask,
            added_cond_kwargs={"resolution": resolution, "aspect_ratio": aspect_ratio}, return_dict=False,
        )[0]  # fmt: skip


class Decoder(nn.Module):
    def __init__(self, model: AutoencoderKL):
        super().__init__()
        self.model = model

    def forward(self, latent_sample):
        return self.model.decode(latent_sample, return_dict=False)[0]


class Encoder(nn.Module):
    def __init__(self, model: AutoencoderKL):
        super().__init__()
        self.model = model

    def forward(self, sample):
        return self.model.encode(sample).latent_dist.parameters


class ImageEmbedding(nn.Module):
    def __init__(self, model: CLIPModel):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model.get_image_features(pixel_values=pixel_values)


class TextEmbedding(nn.Module):
    def __init__(self, model: CLIPModel):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        return self.model.get_text_features(input_ids=input_ids)


def weight_files(component: Path) -> tuple[list[Path], str | None]:
    """Finds the safetensors files of a component, shards included, and the variant ("fp16") in their names; the plain ones are preferred."""
    stems = ("model", "diffusion_pytorch_model")
    for variant in (None, "fp16", "bf16"):
        suffix = f".{variant}" if variant else ""
        for stem in stems:
            files = sorted([*component.glob(f"{stem}{suffix}.safetensors"), *component.glob(f"{stem}{suffix}-*-of-*.safetensors")])
            if files:
                return files, variant
    raise SystemExit(f"{component}: no {' or '.join(f'{stem}.safetensors' for stem in stems)}; graphs are written over safetensors only")


def header(file: Path) -> tuple[int, dict]:
    """Reads a safetensors header: the offset of the first tensor byte, and name -> {dtype, shape, data_offsets}."""
    with file.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        entries = json.loads(stream.read(length))
    entries.pop("__metadata__", None)
    return 8 + length, entries


def digest(values: np.ndarray) -> bytes:
    """Names an array by its float32 values; the shape plays no part, for a view has the same bytes."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype=np.float32).tobytes()).digest()


def stored_tensors(files: list[Path]) -> tuple[dict[str, tuple[bytes, StoredTensor]], dict[bytes, StoredTensor]]:
    """Indexes the floating-point tensors of a component by name and by value."""
    by_name, by_value = {}, {}
    for file in files:
        start, entries = header(file)
        with safe_open(file, framework="pt") as tensors:
            for name in sorted(entries):
                if entries[name]["dtype"] not in ONNX_TYPES:
                    continue
                begin, end = entries[name]["data_offsets"]
                stored = StoredTensor(file.name, entries[name]["dtype"], start + begin, end - begin)
                key = digest(tensors.get_tensor(name).float().numpy())
                by_name[name] = (key, stored)
                by_value.setdefault(key, stored)
    return by_name, by_value


def external(name: str, dims: list[int], stored: StoredTensor) -> TensorProto:
    tensor = TensorProto(name=name, data_type=ONNX_TYPES[stored.dtype], dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", stored.file), ("offset", stored.offset), ("length", stored.length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def point_into(model: onnx.ModelProto, files: list[Path]) -> int:
    """Replaces the model's float initializers by references into the safetensors files; returns how many bytes stay inline."""
    by_name, by_value = stored_tensors(files)
    initializers, casts, inline = [], [], 0
    for initializer in model.graph.initializer:
        stored = find(initializer, by_name, by_value)
        if stored is None:
            initializers.append(initializer)
            inline += len(initializer.raw_data)
        elif stored.dtype == "F32":
            initializers.append(external(initializer.name, initializer.dims, stored))
        else:
            name = f"{initializer.name}.{stored.dtype.lower()}"
            initializers.append(external(name, initializer.dims, stored))
            casts.append(helper.make_node("Cast", [name], [initializer.name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(initializers)
    model.graph.node.extend(nodes)
    return inline


def find(initializer: TensorProto, by_name: dict, by_value: dict) -> StoredTensor | None:
    """Finds an initializer's values in the files, under its own name where that fits (many norms are equal at first)."""
    if initializer.data_type != TensorProto.FLOAT:
        return None
    key = digest(numpy_helper.to_array(initializer))
    named_key, named = by_name.get(initializer.name.removeprefix("model."), (None, None))
    return named if named_key == key else by_value.get(key)


def traced(graph: Graph) -> onnx.ModelProto:
    """Traces the network. Without constant folding, parameters keep their names and layouts, so that their bytes are those of the file."""
    graph.network.eval()  # the wrapper too: the exporter puts back the mode it found, and dropout with it
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of branches on sizes, which choose between equal kernels, and of the tracer's age
        torch.onnx.export(
            graph.network, tuple(graph.inputs.values()), buffer, dynamo=False, do_constant_folding=False, opset_version=OPSET,
            input_names=list(graph.inputs), output_names=graph.outputs, dynamic_axes=graph.axes,
        )  # fmt: skip
    return onnx.load_from_string(buffer.getvalue())


def difference(graph: Graph) -> float:
    """Runs the written graph beside PyTorch and returns the largest difference over the range of the output."""
    session = onnxruntime.InferenceSession(str(graph.path), providers=["CPUExecutionProvider"])
    found = session.run(None, {name: value.numpy() for name, value in graph.inputs.items()})
    with torch.no_grad():
        expected = graph.network(*graph.inputs.values())
    expected = expected if isinstance(expected, tuple) else (expected,)
    return max(float(np.abs(ours - theirs.numpy()).max() / np.ptp(theirs.numpy())) for ours, theirs in zip(found, expected, strict=True))


def write(graph: Graph, files: list[Path]) -> Written:
    model = traced(graph)
    inline = point_into(model, files)
    if inline > INLINE_LIMIT:
        raise SystemExit(f"{graph.path}: {inline} bytes of weights are in none of {', '.join(file.name for file in files)}")
    graph.path.write_bytes(model.SerializeToString(deterministic=True))
    return Written(graph.path, graph.path.stat().st_size, inline, difference(graph))


def load(kind: type, component: Path, **options) -> tuple[nn.Module, list[Path]]:
    files, variant = weight_files(component)
    return kind.from_pretrained(component, variant=variant, use_safetensors=True, **options).float().eval(), files


TOKENS = {0: "batch_size", 1: "sequence_length"}


def token_ids(vocabulary: int, window: int) -> torch.Tensor:
    return torch.randint(vocabulary, (2, window), generator=torch.Generator().manual_seed(0))


def text_encoder_graph(folder: Path, normed: bool) -> tuple[Graph, list[Path]]:
    component = folder / "text_encoder"
    model, files = load(CLIPTextModel, component, attn_implementation="eager")
    layers = range(model.config.num_hidden_layers + 1)
    outputs = ["last_hidden_state", "pooler_output", *(f"hidden_states.{i}" for i in layers)]
    outputs += [f"normed_hidden_states.{i}" for i in layers[:-1]] if normed else []
    axes = {"input_ids": TOKENS, **dict.fromkeys(outputs, TOKENS), "pooler_output": {0: "batch_size"}}
    ids = {"input_ids": token_ids(model.config.vocab_size, model.config.max_position_embeddings)}
    return Graph(component / "model.onnx", TextEncoder(model, normed), ids, axes, outputs), files


def projected_text_encoder_graph(folder: Path) -> tuple[Graph, list[Path]]:
    component = folder / "text_encoder_2"
    model, files = load(CLIPTextModelWithProjection, component, attn_implementation="eager")
    outputs = ["text_embeds", "last_hidden_state", *(f"hidden_states.{i}" for i in range(model.config.num_hidden_layers + 1))]
    axes = {"input_ids": TOKENS, **dict.fromkeys(outputs, TOKENS), "text_embeds": {0: "batch_size"}}
    ids = {"input_ids": token_ids(model.config.vocab_size, model.config.max_position_embeddings)}
    return Graph(component / "model.onnx", ProjectedTextEncoder(model), ids, axes, outputs), files


def t5_encoder_graph(folder: Path) -> tuple[Graph, list[Path]]:
    component = folder / "text_encoder"
    model, files = load(T5EncoderModel, component)
    mask = torch.ones(2, 16, dtype=torch.int64)
    mask[0, 9:] = 0
    inputs = {"input_ids": token_ids(model.config.vocab_size, 16), "attention_mask": mask}
    axes = dict.fromkeys((*inputs, "last_hidden_state"), TOKENS)
    return Graph(component / "model.onnx", MaskedTextEncoder(model), inputs, axes, ["last_hidden_state"]), files


VIDEO_UNETS = {"UNet3DConditionModel": UNet3DConditionModel, "UNetMotionModel": UNetMotionModel}


def video_unet_graph(folder: Path, kind: type) -> tuple[Graph, list[Path]]:
    component = folder / "unet"
    model, files = load(kind, component)
    noise = torch.Generator().manual_seed(0)
    side = 2 ** len(model.config.block_out_channels)
    inputs = {
        "sample": torch.randn(2, model.config.in_channels, 5, side, 2 * side, generator=noise),
        "timestep": torch.tensor([3.0, 500.0]),
        "encoder_hidden_states": torch.randn(2, 8, model.config.cross_attention_dim, generator=noise),
    }
    batch = {0: "batch_size"}
    clip = {**batch, 2: "num_frames", 3: "height", 4: "width"}
    axes = {"sample": clip, "timestep": batch, "encoder_hidden_states": {**batch, 1: "sequence_length"}, "out_sample": clip}
    return Graph(component / "model.onnx", VideoDenoiser(model), inputs, axes, ["out_sample"]), files


def unet_graph(folder: Path) -> tuple[Graph, list[Path]]:
    component = folder / "unet"
    model, files = load(UNet2DConditionModel, component)
    config = model.config
    if config.addition_embed_type not in (None, "text_time") or config.class_embed_type not in (None, "timestep"):
        raise SystemExit(f"{component}: a U-Net with inputs beside those of Stable Diffusion 1, 2 and XL, LCM and the x4 upscaler")
    noise = torch.Generator().manual_seed(0)
    side = max(16, 2 ** len(config.block_out_channels))
    inputs = {
        "sample": torch.randn(2, config.in_channels, side, side, generator=noise),
        "timestep": torch.tensor([3.0, 500.0]),
        "encoder_hidden_states": torch.randn(2, 8, config.cross_attention_dim, generator=noise),
    }
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    further = further_inputs(model, 5 if index.get("requires_aesthetics_score") else 6, noise)
    batch = {0: "batch_size"}
    axes = {
        **dict.fromkeys(further, batch), "sample": {**batch, 2: "height", 3: "width"}, "timestep": batch,
        "encoder_hidden_states": {**batch, 1: "sequence_length"}, "out_sample": {**batch, 1: "num_channels", 2: "height", 3: "width"},
    }  # fmt: skip
    return Graph(component / "model.onnx", Denoiser(model, list(further)), inputs | further, axes, ["out_sample"]), files


def further_inputs(model: UNet2DConditionModel, numbers: int, noise: torch.Generator) -> dict[str, torch.Tensor]:
    """Examples of the inputs that only some U-Nets have; ``numbers``: how many time ids SDXL's has."""
    config, inputs = model.config, {}
    if config.num_class_embeds or config.class_embed_type:
        inputs["class_labels"] = torch.tensor([0, (config.num_class_embeds or 2) - 1])
    if config.time_cond_proj_dim:
        inputs["timestep_cond"] = torch.randn(2, config.time_cond_proj_dim, generator=noise)
    if config.addition_embed_type:
        inputs["text_embeds"] = torch.randn(
            2, config.projection_class_embeddings_input_dim - numbers * config.addition_time_embed_dim, generator=noise
        )
        inputs["time_ids"] = torch.tensor([[64.0, 48.0, 0.0, 3.0, 64.0, 32.0][:numbers]] * 2)
    return inputs


def pixart_graph(folder: Path) -> tuple[Graph, list[Path]]:
    component = folder / "transformer"
    kind = class_of(component)
    if kind != "PixArtTransformer2DModel":
        raise SystemExit(f"{component}: a {kind}; of transformers, PixArtTransformer2DModel is exported")
    model, files = load(PixArtTransformer2DModel, component)
    config = model.config
    noise = torch.Generator().manual_seed(0)
    height, width = 4 * config.patch_size, 6 * config.patch_size  # neither square nor the trained size, so that no axis can stand for another
    inputs = {
        "hidden_states": torch.randn(2, config.in_channels, height, width, generator=noise),
        "encoder_hidden_states": torch.randn(2, 8, config.caption_channels or config.cross_attention_dim, generator=noise),
        "timestep": torch.tensor([3.0, 500.0]),
        "encoder_attention_mask": torch.tensor([[1] * 8, [1] * 3 + [0] * 5]),
    }
    if model.use_additional_conditions:
        inputs |= {"resolution": torch.tensor([[64.0, 48.0], [32.0, 32.0]]), "aspect_ratio": torch.tensor([[4 / 3], [1.0]])}
    batch = {0: "batch_size"}
    axes = {
        **dict.fromkeys(inputs, batch), "hidden_states": {**batch, 2: "height", 3: "width"}, "encoder_hidden_states": TOKENS,
        "encoder_attention_mask": TOKENS, "out_hidden_states": {**batch, 2: "height", 3: "width"},
    }  # fmt: skip
    return Graph(component / "model.onnx", Transformer(model), inputs, axes, ["out_hidden_states"]), files


def vae_graphs(folder: Path) -> Iterator[tuple[Graph, list[Path]]]:
    component = folder / "vae"
    model, files = load(AutoencoderKL, component)
    noise = torch.Generator().manual_seed(0)
    side, factor = 16, 2 ** (len(model.config.block_out_channels) - 1)
    axes = {0: "batch_size", 2: "height", 3: "width"}
    latents = {"latent_sample": torch.randn(2, model.config.latent_channels, side, side, generator=noise)}
    pixels = {"sample": torch.rand(2, 3, side * factor, side * factor, generator=noise) * 2 - 1}
    yield Graph(component / "decoder_model.onnx", Decoder(model), latents, {"latent_sample": axes, "sample": axes}, ["sample"]), files
    yield Graph(component / "encoder_model.onnx", Encoder(model), pixels, {"sample": axes, "latent_parameters": axes}, ["latent_parameters"]), files


def clip_graphs(folder: Path) -> Iterator[tuple[Graph, list[Path]]]:
    model, files = load(CLIPModel, folder, attn_implementation="eager")
    noise = torch.Generator().manual_seed(0)
    side, window = model.config.vision_config.image_size, model.config.text_config.max_position_embeddings
    pixels = {"pixel_values": torch.randn(2, 3, side, side, generator=noise)}
    ids = {"input_ids": torch.randint(model.config.text_config.vocab_size, (2, window), generator=noise)}
    ids["input_ids"][:, -1] = model.config.text_config.eos_token_id
    batch = {0: "batch_size"}
    yield Graph(folder / "vision_model.onnx", ImageEmbedding(model), pixels, {"pixel_values": batch, "image_embeds": batch}, ["image_embeds"]), files
    axes = {"input_ids": {**batch, 1: "sequence_length"}, "text_embeds": batch}
    yield Graph(folder / "text_model.onnx", TextEmbedding(model), ids, axes, ["text_embeds"]), files


def captioner_graphs(folder: Path) -> Iterator[tuple[Graph, list[Path]]]:
    from darkroom_training.caption_graphs import caption_graphs  # which needs this module

    return caption_graphs(folder)


def class_of(component: Path) -> str | None:
    return json.loads((component / "config.json").read_text(encoding="utf-8")).get("_class_name")


def interpolation_graphs(folder: Path) -> Iterator[tuple[Graph, list[Path]]]:
    from darkroom_training.interpolation_graph import interpolation_graphs  # which needs this module

    return interpolation_graphs(folder)


def model_type(folder: Path) -> str | None:
    """What config.json says the model is, to transformers (model_type) or to us (_class_name)."""
    config = folder / "config.json"
    values = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    return values.get("model_type", values.get("_class_name"))


SINGLE_GRAPHS = {"clip": clip_graphs, "vision-encoder-decoder": captioner_graphs, "PocketInterpolation": interpolation_graphs}


def diffusion_graphs(folder: Path) -> Iterator[tuple[Graph, list[Path]]]:
    """The graphs of a diffusers folder, by the components that it has."""
    if (folder / "transformer").is_dir():
        yield t5_encoder_graph(folder)
        yield pixart_graph(folder)
    else:
        two_encoders = (folder / "text_encoder_2").is_dir()
        if (folder / "text_encoder").is_dir():
            yield text_encoder_graph(folder, normed=not two_encoders)
        if two_encoders:
            yield projected_text_encoder_graph(folder)
        kind = VIDEO_UNETS.get(class_of(folder / "unet"))
        yield video_unet_graph(folder, kind) if kind else unet_graph(folder)
    yield from vae_graphs(folder)


def export(folder: Path) -> list[Written]:
    """Writes the graphs of a diffusion, CLIP, captioner or interpolation folder; the same folder gives the same bytes every time."""
    diffusers = (folder / "model_index.json").is_file()
    graphs = diffusion_graphs if diffusers else SINGLE_GRAPHS.get(model_type(folder))
    if graphs is None:
        known = " or ".join(SINGLE_GRAPHS)
        raise SystemExit(f"{folder}: neither a diffusers folder (model_index.json) nor one with a config.json of {known}")
    return [write(graph, files) for graph, files in graphs(folder)]


def main():
    parser = argparse.ArgumentParser(
        prog="darkroom-export", description="Writes graph-only ONNX files beside a diffusion, CLIP, captioner or interpolation folder's safetensors."
    )
    parser.add_argument("folder", type=Path)
    for written in export(parser.parse_args().folder):
        print(
            f"{written.path}: graph {written.graph_bytes / 1024:.0f} KiB ({written.inline_bytes} bytes of values inline), "
            f"largest difference to PyTorch float32 {written.difference:.1e} of the output's range"
        )


if __name__ == "__main__":
    main()
