# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Makes a small folder of each family that Darkroom runs, with random weights, and records what diffusers computes on it.

    python -m darkroom_training.record_families TOKENIZER [--only NAME]    TOKENIZER: a T5 tokenizer of darkroom-train-t5-tokenizer
    python -m darkroom_training.record_families --shipped                  models/pocket-dit, again after every change of its weights

The networks are diffusers' and transformers' own classes in their real structure, a few channels wide; the tokenizers are real ones of a few
words. text2image-svc/src/test/resources/families/NAME.zip holds, so that eight folders of verbose graphs stay small,

    folder/                 the model folder, graphs over float16 safetensors
    golden.json             versions, and the cases: what was asked
    golden.safetensors      <case>.latents (steps, N, C, h, w) after every step, <case>.pixels (N, H, W, 3) uint8; <case>.image (h, w, 3) uint8

pocket-dit.zip the golden files alone, of the folder that is shipped, and dialects.zip what other exporters make of the Stable Diffusion folder: optimum/ (a folder for each half of the VAE, one timestep for all rows, weights in
model.onnx_data, no states between the text encoder's layers), unet-fp16.onnx and unet-int8.onnx (dynamically quantized matrices).

PyTorch float32 on the CPU, weights as shipped (widened), one CPU generator per picture. Random networks are made to care: weights are scaled until
prompt, time step and every condition move the result by much more than the tolerance of the test, and this script fails where one does not.
"""

import argparse
import json
import shutil
import tempfile
import zipfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import diffusers
import numpy as np
import onnx
import torch
import transformers
from diffusers import (
    AutoencoderKL,
    LatentConsistencyModelImg2ImgPipeline,
    LatentConsistencyModelPipeline,
    PixArtAlphaPipeline,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16
from PIL import Image
from safetensors.numpy import save
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer, T5Config, T5EncoderModel, T5TokenizerFast

from darkroom_training.export import Graph, export, text_encoder_graph, traced, unet_graph, vae_graphs
from darkroom_training.record_tiny_model import VOCABULARY, WINDOW, tokenizer, write
from darkroom_training.record_upscaler import picture

TARGET = Path("text2image-svc/src/test/resources/families")
PROMPT = "the fox in snow"
SD15 = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
CHANNELS, HEIGHT, WIDTH = 4, 16, 32


@dataclass(frozen=True)
class Case:
    """One generation. ``options`` go to the pipeline; ``guidance_interval`` and ``denoising_split`` are ours to arrange."""

    key: str
    seed: int
    num_inference_steps: int = 4
    scheduler: str = "DDIMScheduler"
    prompt: str = PROMPT
    guidance_scale: float = 3.0
    num_images_per_prompt: int = 1
    image: tuple[int, int] | None = None
    guidance_interval: tuple[float, float] | None = None
    denoising_split: float | None = None
    options: dict = field(default_factory=dict)


def caring(module: torch.nn.Module, gain: float) -> torch.nn.Module:
    """Scales the matrices of a freshly made network, whose parts otherwise hardly matter, and rounds it to float16."""
    for name, parameter in module.named_parameters():
        if parameter.ndim > 1 and "embed" not in ".".join(name.split(".")[-2:-1]):
            parameter.data *= gain
        if parameter.ndim == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return module.half().eval()


def clip(kind: type, width: int, layers: int, **further) -> torch.nn.Module:
    config = CLIPTextConfig(
        vocab_size=VOCABULARY, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=layers, num_attention_heads=2,
        max_position_embeddings=WINDOW, eos_token_id=VOCABULARY - 1, **further,
    )  # fmt: skip
    return caring(kind(config), 3)


def unet(cross_attention: int, **further) -> UNet2DConditionModel:
    return caring(
        UNet2DConditionModel(
            sample_size=8, block_out_channels=(8, 16), layers_per_block=1, cross_attention_dim=cross_attention, attention_head_dim=4, norm_num_groups=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **further,
        ),
        1.6,
    )  # fmt: skip


def vae(**further) -> AutoencoderKL:
    return caring(
        AutoencoderKL(
            block_out_channels=(4, 8), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=2,
            sample_size=16, **further,
        ),
        1.3,
    )  # fmt: skip


def words(folder: Path, pad: str | None = None) -> CLIPTokenizer:
    tokenizer(folder)
    return CLIPTokenizer.from_pretrained(folder, **({"pad_token": pad} if pad else {}))


def scheduler(name: str, **options):
    return getattr(diffusers, name)(**(SD15 | options))


def stable_diffusion(root: Path, _t5: Path) -> list[Case]:
    StableDiffusionPipeline(
        vae=vae(), text_encoder=clip(CLIPTextModel, 16, 3), tokenizer=words(root / "tokenizer"), unet=unet(16),
        scheduler=scheduler("DDIMScheduler", clip_sample=False, set_alpha_to_one=False), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(root)  # fmt: skip
    return [
        Case("defaults", 1),
        Case("unguided", 2, guidance_scale=1.0),
        Case("negative", 3, options={"negative_prompt": "the cat", "guidance_rescale": 0.7}),
        Case("clip-skip-1", 4, options={"clip_skip": 1, "negative_prompt": "cat"}),
        Case("clip-skip-2", 5, options={"clip_skip": 2}),
        Case("interval", 6, num_inference_steps=7, guidance_interval=(0.3, 0.72)),
        Case("interval-from-start", 7, num_inference_steps=5, guidance_interval=(0.0, 0.5), scheduler="EulerDiscreteScheduler"),
        Case("two-pictures", 8, num_images_per_prompt=2, scheduler="DDPMScheduler"),
        Case("image", 9, num_inference_steps=6, image=(HEIGHT, WIDTH), options={"strength": 0.6}),
        Case("image-odd-size", 10, num_inference_steps=5, image=(21, 37), options={"strength": 0.8}, scheduler="EulerDiscreteScheduler"),
        Case("image-full-strength", 11, image=(HEIGHT, WIDTH), num_images_per_prompt=2, options={"strength": 1.0}, scheduler="DDPMScheduler"),
    ]


def stable_diffusion_xl(root: Path, _t5: Path) -> list[Case]:
    StableDiffusionXLPipeline(
        vae=vae(scaling_factor=0.13025, latents_mean=[0.1, -0.2, 0.3, 0.0], latents_std=[0.9, 1.1, 1.3, 0.7]), text_encoder=clip(CLIPTextModel, 16, 3),
        text_encoder_2=clip(CLIPTextModelWithProjection, 24, 4, projection_dim=12), tokenizer=words(root / "tokenizer"),
        tokenizer_2=words(root / "tokenizer_2", pad="!"), unet=xl_unet(40, 6), scheduler=scheduler("EulerDiscreteScheduler"),
    ).save_pretrained(root)  # fmt: skip
    return [
        Case("defaults", 1, scheduler="EulerDiscreteScheduler"),
        Case("unguided", 2, guidance_scale=1.0),
        Case("negative", 3, options={"negative_prompt": "the cat", "guidance_rescale": 0.5}),
        Case("clip-skip-1", 4, options={"clip_skip": 1}),
        Case("interval", 5, num_inference_steps=5, guidance_interval=(0.2, 0.9), scheduler="EulerDiscreteScheduler"),
        Case("image", 6, num_inference_steps=6, image=(HEIGHT, WIDTH), options={"strength": 0.5}),
        Case("refined", 7, num_inference_steps=7, denoising_split=0.6, scheduler="EulerDiscreteScheduler"),
        Case("refined-ddim", 8, num_inference_steps=5, denoising_split=0.7, options={"negative_prompt": "cat"}, num_images_per_prompt=2),
        Case("sizes", 9, options={"negative_prompt": "the cat", "original_size": (64, 40), "crops_coords_top_left": (6, 9), "target_size": (48, 20)}),
        Case("sizes-image", 10, num_inference_steps=6, image=(HEIGHT, WIDTH), options={"strength": 0.5, "original_size": (12, 80), "crops_coords_top_left": (3, 0)}),
        Case("sizes-refined", 11, num_inference_steps=6, denoising_split=0.6, options={"original_size": (70, 50), "crops_coords_top_left": (5, 4)}),
    ]


def xl_unet(cross_attention: int, time_ids: int, **further) -> UNet2DConditionModel:
    return unet(
        cross_attention, addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=12 + 8 * time_ids,
        transformer_layers_per_block=(1, 2), use_linear_projection=True, **further,
    )  # fmt: skip


def refiner(root: Path, _t5: Path) -> list[Case]:
    StableDiffusionXLImg2ImgPipeline(
        vae=vae(scaling_factor=0.13025), text_encoder=None, text_encoder_2=clip(CLIPTextModelWithProjection, 24, 4, projection_dim=12), tokenizer=None,
        tokenizer_2=words(root / "tokenizer_2", pad="!"), unet=xl_unet(24, 5), scheduler=scheduler("EulerDiscreteScheduler"),
        requires_aesthetics_score=True, force_zeros_for_empty_prompt=False,
    ).save_pretrained(root)  # fmt: skip
    return [
        Case("image", 1, num_inference_steps=8, image=(HEIGHT, WIDTH), options={"strength": 0.5}, scheduler="EulerDiscreteScheduler"),
        Case("aesthetic", 2, image=(HEIGHT, WIDTH), options={"strength": 0.7, "aesthetic_score": 7.5, "negative_aesthetic_score": 1.0}),
    ]


def lcm(root: Path, _t5: Path) -> list[Case]:
    LatentConsistencyModelPipeline(
        vae=vae(), text_encoder=clip(CLIPTextModel, 16, 3), tokenizer=words(root / "tokenizer"), unet=unet(16, time_cond_proj_dim=17),
        scheduler=scheduler("LCMScheduler"), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(root)  # fmt: skip
    return [
        Case("defaults", 1, guidance_scale=8.5, scheduler="LCMScheduler"),
        Case("one-step", 2, num_inference_steps=1, guidance_scale=1.0, scheduler="LCMScheduler"),
        Case("two-pictures", 3, num_inference_steps=3, num_images_per_prompt=2, options={"clip_skip": 1}, scheduler="LCMScheduler"),
        Case("image", 4, num_inference_steps=3, image=(HEIGHT, WIDTH), options={"strength": 0.5}, scheduler="LCMScheduler"),
    ]


def pixart(kind: type, root: Path, t5: Path, window: int, **further):
    text = T5Config(
        vocab_size=len(T5TokenizerFast.from_pretrained(t5, add_prefix_space=None)),
        d_model=20,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
    )
    transformer = PixArtTransformer2DModel(
        num_attention_heads=3, attention_head_dim=8, in_channels=CHANNELS, num_layers=2, cross_attention_dim=24, caption_channels=20, **further
    )
    kind(
        tokenizer=T5TokenizerFast.from_pretrained(t5, model_max_length=window, add_prefix_space=None), text_encoder=caring(T5EncoderModel(text), 1.5), vae=vae(),
        transformer=caring(transformer, 2.5), scheduler=scheduler("DDIMScheduler", clip_sample=False),
    ).save_pretrained(root)  # fmt: skip


def pixart_alpha(root: Path, t5: Path) -> list[Case]:
    pixart(PixArtAlphaPipeline, root, t5, 24, sample_size=128, out_channels=2 * CHANNELS)
    return [
        Case("defaults", 1),
        Case("unguided", 2, guidance_scale=1.0, prompt="  A Fox in the SNOW at night "),
        Case("negative", 3, options={"negative_prompt": "a cat"}, num_images_per_prompt=2),
        Case("tall", 4, num_inference_steps=3, scheduler="EulerDiscreteScheduler", options={"height": 40, "width": 16}),
        Case("one-step", 5, num_inference_steps=1),
    ]


def pixart_sigma(root: Path, t5: Path) -> list[Case]:
    pixart(PixArtSigmaPipeline, root, t5, 512, sample_size=8, out_channels=2 * CHANNELS, use_additional_conditions=False)
    return [
        Case("defaults", 1),
        Case("euler", 2, scheduler="EulerDiscreteScheduler", options={"negative_prompt": "two big cats"}, prompt="a red car on a beach"),
    ]


POCKET_DIT = [
    Case("defaults", 1, 15, "DPMSolverMultistepScheduler", "a fox in the snow", 1.5, options={"height": 64, "width": 64}),
    Case(
        "negative",
        2,
        12,
        "DPMSolverMultistepScheduler",
        "two pandas in a forest at night",
        options={"height": 64, "width": 64, "negative_prompt": "tree"},
    ),
    Case("singlestep", 3, 10, "DPMSolverSinglestepScheduler", "a red car on a beach", options={"height": 64, "width": 64}),
    Case("unipc", 4, 10, "UniPCMultistepScheduler", "a big pizza in space", options={"height": 64, "width": 64}),
    Case("ancestral", 5, 12, "EulerAncestralDiscreteScheduler", "a castle at sunset", options={"height": 64, "width": 64}),
    Case("two-pictures", 6, 8, "DDIMScheduler", "a cat to the left of a tree", num_images_per_prompt=2, options={"height": 64, "width": 64}),
]  # of one picture's history through whole loops, on trained weights

FAMILIES = {
    "stable-diffusion": stable_diffusion, "sdxl": stable_diffusion_xl, "sdxl-refiner": refiner, "lcm": lcm, "pixart-alpha": pixart_alpha,
    "pixart-sigma": pixart_sigma,
}  # fmt: skip
PIPELINES = {
    "stable-diffusion": (StableDiffusionPipeline, StableDiffusionImg2ImgPipeline), "sdxl": (StableDiffusionXLPipeline, StableDiffusionXLImg2ImgPipeline),
    "sdxl-refiner": (None, StableDiffusionXLImg2ImgPipeline), "lcm": (LatentConsistencyModelPipeline, LatentConsistencyModelImg2ImgPipeline),
    "pixart-alpha": (PixArtAlphaPipeline, None), "pixart-sigma": (PixArtSigmaPipeline, None),
}  # fmt: skip


class Recorder:
    """Runs the cases of one folder in diffusers."""

    def __init__(self, name: str, folder: Path, base: Path | None):
        self.kinds = PIPELINES[name]
        self.pipeline = self.loaded(folder)
        self.refiner = self.loaded(base) if base else None

    def loaded(self, folder: Path):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def __call__(self, case: Case) -> dict[str, np.ndarray]:
        pipeline = self.pipeline if case.image is None else self.kinds[1](**self.pipeline.components, **self.flags())
        pipeline.set_progress_bar_config(disable=True)
        own = self.pipeline.scheduler.config
        pipeline.scheduler = getattr(diffusers, case.scheduler).from_config(own)
        latents, tensors = [], {}
        generator = [torch.Generator("cpu").manual_seed(case.seed + i) for i in range(case.num_images_per_prompt)]
        options = {
            "prompt": case.prompt, "num_inference_steps": case.num_inference_steps, "guidance_scale": case.guidance_scale,
            "num_images_per_prompt": case.num_images_per_prompt, "generator": generator, "output_type": "np",
        }  # fmt: skip
        if case.image:
            tensors["image"] = picture(*case.image)
            options["image"] = Image.fromarray(tensors["image"])
        else:
            options |= {"height": HEIGHT, "width": WIDTH}
        if isinstance(pipeline, PixArtAlphaPipeline | PixArtSigmaPipeline):
            options |= {"use_resolution_binning": False, "callback": lambda _step, _t, values: latents.append(values.numpy().copy())}
        else:
            options |= self.stepwise(pipeline, case, latents)
        images = self.run(pipeline, case, options | case.options, latents)
        tensors |= {"latents": np.stack(latents).astype(np.float32), "pixels": (images * 255).round().astype(np.uint8)}
        return tensors

    def flags(self) -> dict:
        names = ("requires_aesthetics_score", "force_zeros_for_empty_prompt", "requires_safety_checker")
        return {name: self.pipeline.config[name] for name in names if name in self.pipeline.config and self.kinds[1] is not None}

    def run(self, pipeline, case: Case, options: dict, latents: list) -> np.ndarray:
        if case.denoising_split is None:
            return pipeline(**options).images
        refiner = self.refiner
        refiner.scheduler = getattr(diffusers, case.scheduler).from_config(refiner.scheduler.config)
        halfway = pipeline(**options | {"denoising_end": case.denoising_split, "output_type": "latent"}).images
        options = {name: value for name, value in options.items() if name not in ("height", "width")}
        return refiner(**options, **{"denoising_start": case.denoising_split, "image": halfway}).images

    def stepwise(self, pipeline, case: Case, latents: list) -> dict:
        """Keeps the latents of every step and, where the case says so, switches guidance off outside an interval, as diffusers' guiders do:
        on from step int(start * steps) to before int(stop * steps)."""
        watched = ["latents"]
        if case.guidance_interval is None:

            def keep(_pipeline, _step, _timestep, values):
                latents.append(values["latents"].numpy().copy())
                return {}

            return {"callback_on_step_end": keep, "callback_on_step_end_tensor_inputs": watched}
        first, end = (int(share * case.num_inference_steps) for share in case.guidance_interval)
        watched += ["prompt_embeds"] + (["add_text_embeds", "add_time_ids"] if hasattr(pipeline, "text_encoder_2") else [])
        guided = self.guided(pipeline, case)

        def switch(_pipeline, step, _timestep, values):
            latents.append(values["latents"].numpy().copy())
            on = first <= step + 1 < end
            _pipeline._guidance_scale = case.guidance_scale if on else 1.0
            return {name: value if on else value[1:] for name, value in guided.items()}

        start = {} if first == 0 else {"guidance_scale": 1.0}
        return start | {"callback_on_step_end": switch, "callback_on_step_end_tensor_inputs": watched}

    def guided(self, pipeline, case: Case) -> dict[str, torch.Tensor]:
        """What the loop holds while guidance is on: negative first."""
        with torch.no_grad():
            if not hasattr(pipeline, "text_encoder_2"):
                positive, negative = pipeline.encode_prompt(case.prompt, "cpu", 1, True)
                return {"prompt_embeds": torch.cat([negative, positive])}
            positive, negative, pooled, negative_pooled = pipeline.encode_prompt(case.prompt)
            ids = torch.tensor([[HEIGHT, WIDTH, 0, 0, HEIGHT, WIDTH]] * 2, dtype=torch.float32)
            return {"prompt_embeds": torch.cat([negative, positive]), "add_text_embeds": torch.cat([negative_pooled, pooled]), "add_time_ids": ids}


def require_care(record: Recorder, case: Case, found: dict[str, np.ndarray]):
    """Fails unless another prompt, and no guidance, lead elsewhere by far more than a test tolerates."""
    moved = record(replace(case, prompt="a cat, a cat"))["latents"][-1]
    share = float(np.linalg.norm(moved - found["latents"][-1]) / np.linalg.norm(found["latents"][-1]))
    if not 0.02 < share < 2:
        raise SystemExit(f"{case.key}: another prompt moves the latents by {share:.1e} of their norm; the networks' weights need another gain")
    print(f"{case.key}: another prompt moves the latents by {share:.3f}, range of pixels {np.ptp(found['pixels'])}")


def record(name: str, t5: Path, target: Path):
    with tempfile.TemporaryDirectory() as temporary:
        folder = made(name, Path(temporary), t5)
        cases = folder[1]
        base = made("sdxl-refiner", Path(temporary), t5)[0] if any(case.denoising_split for case in cases) else None
        for written in export(folder[0]):
            print(f"{written.path.relative_to(temporary)}: {written.difference:.1e}")
        golden = recorded(Recorder(name, folder[0], base), cases)
        lean(folder[0])
        files = {f"folder/{file.relative_to(folder[0])}": file.read_bytes() for file in folder[0].rglob("*") if file.is_file()}
        archive(files | golden, target / f"{name}.zip")


def recorded(record: Recorder, cases: list[Case]) -> dict[str, bytes]:
    """Runs the cases: golden.json and golden.safetensors."""
    tensors = {}
    for case in cases:
        found = record(case)
        require_care(record, case, found)
        tensors |= {f"{case.key}.{key}": np.ascontiguousarray(value) for key, value in found.items()}
    versions = {module.__name__: module.__version__ for module in (diffusers, transformers, torch)}
    header = {
        "recorded_by": "darkroom_training.record_families",
        **versions,
        "height": HEIGHT,
        "width": WIDTH,
        "cases": [asdict(case) for case in cases],
    }
    return {"golden.json": json.dumps(header, indent=1).encode(), "golden.safetensors": save(tensors)}


def made(name: str, root: Path, t5: Path) -> tuple[Path, list[Case]]:
    torch.manual_seed(sum(map(ord, name)))
    folder = root / name
    cases = FAMILIES[name](folder, t5)
    return folder, cases


def lean(folder: Path):
    """Leaves a T5 tokenizer one form of its vocabulary: alpha's SentencePiece, as PixArt's own folders have it, Sigma's ``tokenizer.json``."""
    pieces, fast = folder / "tokenizer/spiece.model", folder / "tokenizer/tokenizer.json"
    if not pieces.exists():
        return
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    if index["_class_name"] == "PixArtAlphaPipeline":
        fast.unlink()
        write(folder / "model_index.json", index | {"tokenizer": ["transformers", "T5Tokenizer"]})
    else:
        pieces.unlink()


def dialects(root: Path, t5: Path, target: Path):
    """Writes the Stable Diffusion folder as other exporters do."""
    folder, _ = made("stable-diffusion", root, t5)
    optimum = root / "optimum"
    for part in ("tokenizer", "scheduler"):
        shutil.copytree(folder / part, optimum / part)
    shutil.copy(folder / "model_index.json", optimum / "model_index.json")
    text, _ = text_encoder_graph(folder, normed=False)
    outputs = text.outputs[:2]
    plain = Graph(text.path, text.network, text.inputs, {name: text.axes[name] for name in ("input_ids", *outputs)}, outputs)
    network, _ = unet_graph(folder)
    timestep = {"timestep": torch.tensor(500.0)}
    scalar = Graph(
        network.path, network.network, network.inputs | timestep, {n: a for n, a in network.axes.items() if n != "timestep"}, network.outputs
    )
    (decoder, _), (encoder, _) = vae_graphs(folder)
    for component, graph, config in (
        ("text_encoder", plain, "text_encoder"), ("unet", scalar, "unet"), ("vae_decoder", decoder, "vae"), ("vae_encoder", encoder, "vae"),
    ):  # fmt: skip
        (optimum / component).mkdir()
        shutil.copy(folder / config / "config.json", optimum / component / "config.json")
        path = optimum / component / "model.onnx"
        onnx.save(traced(graph), path, save_as_external_data=True, location="model.onnx_data", size_threshold=100)
    files = {f"optimum/{file.relative_to(optimum)}": file.read_bytes() for file in optimum.rglob("*") if file.is_file()}
    model = traced(network)
    onnx.save(model, root / "unet.onnx")
    quantize_dynamic(root / "unet.onnx", root / "unet-int8.onnx", weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
    files["unet-int8.onnx"] = (root / "unet-int8.onnx").read_bytes()
    files["unet-fp16.onnx"] = convert_float_to_float16(model).SerializeToString()
    archive(files, target / "dialects.zip")


def archive(files: dict[str, bytes], target: Path):
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name in sorted(files):
            out.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), files[name], zipfile.ZIP_DEFLATED, 9)
    print(f"{target}: {target.stat().st_size / 1024:.0f} KiB")


def main():
    parser = argparse.ArgumentParser(description="Makes a small random folder of each family and records diffusers' runs of it.")
    parser.add_argument("t5", type=Path, nargs="?", help="folder of a T5 tokenizer; needed but for --shipped")
    parser.add_argument("--shipped", action="store_true", help="record models/pocket-dit and nothing else")
    parser.add_argument("--only", choices=[*FAMILIES, "dialects"])
    arguments = parser.parse_args()
    if arguments.shipped:
        archive(recorded(Recorder("pixart-alpha", Path("models/pocket-dit"), None), POCKET_DIT), TARGET / "pocket-dit.zip")
        return
    if not arguments.t5:
        parser.error("the tokenizer is missing")
    for name in [arguments.only] if arguments.only else [*FAMILIES, "dialects"]:
        if name == "dialects":
            with tempfile.TemporaryDirectory() as temporary:
                dialects(Path(temporary), arguments.t5, TARGET)
        else:
            record(name, arguments.t5, TARGET)


if __name__ == "__main__":
    main()
