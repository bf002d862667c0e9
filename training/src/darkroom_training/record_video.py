# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Makes a small folder of each family of video models, with random weights, and records what diffusers computes on it.

    python -m darkroom_training.record_video
    python -m darkroom_training.record_video --shipped    models/pocket-video, again after every change of its weights

text2video-svc/src/test/resources/families/NAME.zip holds what the archives of record_families hold, with one axis more:
<case>.latents (steps, N, C, F, h, w) after every step, <case>.pixels (N, F, H, W, 3) uint8. pocket-video.zip: the golden files alone.

Both pipelines draw the first noise as (N, C, F, h, w). Noise within the loop TextToVideoSDPipeline draws as (N F, C, h, w), for it steps frame by
frame; AnimateDiffPipeline as (N, C, F, h, w).
"""

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from diffusers import AnimateDiffPipeline, MotionAdapter, TextToVideoSDPipeline, UNet3DConditionModel, UNetMotionModel
from safetensors.numpy import save
from transformers import CLIPTextModel

from darkroom_training.export import export
from darkroom_training.record_families import archive, caring, clip, require_care, scheduler, unet, vae, words

TARGET = Path("text2video-svc/src/test/resources/families")
PROMPT = "the fox in snow"
LAST = 2  # steps of the shipped model that are recorded


@dataclass(frozen=True)
class Case:
    """One clip. ``options`` go to the pipeline."""

    key: str
    seed: int
    num_inference_steps: int = 4
    scheduler: str = "DDIMScheduler"
    prompt: str = PROMPT
    guidance_scale: float = 3.0
    num_frames: int = 5
    height: int = 16
    width: int = 32
    options: dict = field(default_factory=dict)


def modelscope(root: Path) -> list[Case]:
    network = UNet3DConditionModel(
        sample_size=8, block_out_channels=(8, 16), layers_per_block=1, cross_attention_dim=16, attention_head_dim=4, norm_num_groups=4,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"), up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
    )  # fmt: skip
    TextToVideoSDPipeline(
        vae=vae(), text_encoder=clip(CLIPTextModel, 16, 3), tokenizer=words(root / "tokenizer"), unet=moving(network, 1.6),
        scheduler=scheduler("DDIMScheduler", clip_sample=False, set_alpha_to_one=False),
    ).save_pretrained(root)  # fmt: skip
    return [
        Case("defaults", 1),
        Case("unguided", 2, guidance_scale=1.0, num_frames=1),
        Case("negative", 3, scheduler="DPMSolverMultistepScheduler", num_inference_steps=6, options={"negative_prompt": "the cat"}),
        Case("ancestral", 4, scheduler="EulerAncestralDiscreteScheduler", num_inference_steps=5),
        Case("tall", 5, scheduler="EulerDiscreteScheduler", height=32, width=16, num_frames=3),
        Case("ddpm", 6, scheduler="DDPMScheduler"),
    ]


def animatediff(root: Path) -> list[Case]:
    adapter = MotionAdapter(
        block_out_channels=(8, 16), motion_layers_per_block=1, motion_num_attention_heads=2, motion_norm_num_groups=4, motion_max_seq_length=12,
    )  # fmt: skip
    network = UNetMotionModel.from_unet2d(unet(16), caring(adapter, 1.6).float())
    pipeline = AnimateDiffPipeline(
        vae=vae(), text_encoder=clip(CLIPTextModel, 16, 3), tokenizer=words(root / "tokenizer"), unet=moving(network.float(), 1.0), motion_adapter=adapter.half(),
        scheduler=scheduler("DDIMScheduler", beta_schedule="linear", clip_sample=False, timestep_spacing="linspace"),
    )  # fmt: skip
    pipeline.save_pretrained(root)
    return [
        Case("defaults", 1),
        Case("unguided", 2, guidance_scale=1.0, num_frames=2),
        Case("negative", 3, scheduler="DPMSolverMultistepScheduler", num_inference_steps=6, options={"negative_prompt": "the cat"}),
        Case("clip-skip", 4, options={"clip_skip": 1}),
        Case("ancestral", 5, scheduler="EulerAncestralDiscreteScheduler", num_inference_steps=5),
    ]


def moving(network: torch.nn.Module, gain: float) -> torch.nn.Module:
    """Fills the layers that start as the identity, so that frames see each other, then scales and rounds the network."""
    for parameter in network.parameters():
        if parameter.ndim > 1 and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    return caring(network, gain)


POCKET = [
    Case("defaults", 1, 6, "DDIMScheduler", "a rocket flying up in space", 2.0, 16, 64, 64),
    Case("multistep", 2, 6, "DPMSolverMultistepScheduler", "a cat bouncing on a beach", 2.0, 8, 64, 64),
]
FAMILIES = {"modelscope": modelscope, "animatediff": animatediff}


class Recorder:
    """Runs the cases of one folder in diffusers."""

    def __init__(self, folder: Path):
        self.pipeline = diffusers.DiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
        self.pipeline.set_progress_bar_config(disable=True)
        self.own = self.pipeline.scheduler.config

    def __call__(self, case: Case) -> dict[str, np.ndarray]:
        pipeline, latents = self.pipeline, []
        pipeline.scheduler = getattr(diffusers, case.scheduler).from_config(self.own)
        frames = pipeline(
            case.prompt, height=case.height, width=case.width, num_frames=case.num_frames, num_inference_steps=case.num_inference_steps,
            guidance_scale=case.guidance_scale, generator=torch.Generator("cpu").manual_seed(case.seed), output_type="np",
            **self.watched(latents), **case.options,
        ).frames  # fmt: skip
        return {"latents": np.stack(latents).astype(np.float32), "pixels": (np.asarray(frames) * 255).round().astype(np.uint8)}

    def watched(self, latents: list) -> dict:
        if isinstance(self.pipeline, TextToVideoSDPipeline):
            return {"callback": lambda _step, _timestep, values: latents.append(values.numpy().copy())}

        def keep(_pipeline, _step, _timestep, values):
            latents.append(values["latents"].numpy().copy())
            return {}

        return {"callback_on_step_end": keep}


def recorded(record: Recorder, cases: list[Case], last: int = 0) -> dict[str, bytes]:
    """Runs the cases: golden.json and golden.safetensors; ``last`` leaves only so many steps of a large model."""
    tensors = {}
    for case in cases:
        found = record(case)
        require_care(record, case, found)
        frames_matter(case, found)
        found["latents"] = found["latents"][-last:]
        tensors |= {f"{case.key}.{key}": np.ascontiguousarray(value) for key, value in found.items()}
    versions = {module.__name__: module.__version__ for module in (diffusers, transformers, torch)}
    header = {"recorded_by": "darkroom_training.record_video", **versions, "cases": [asdict(case) for case in cases]}
    return {"golden.json": json.dumps(header, indent=1).encode(), "golden.safetensors": save(tensors)}


def frames_matter(case: Case, found: dict[str, np.ndarray]):
    """Fails if a clip's frames are all alike."""
    if case.num_frames > 1 and not np.ptp(found["pixels"].astype(int), axis=1).any():
        raise SystemExit(f"{case.key}: all frames are the same")


def record(name: str, target: Path):
    torch.manual_seed(sum(map(ord, name)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / name
        cases = FAMILIES[name](folder)
        for written in export(folder):
            print(f"{written.path.relative_to(temporary)}: {written.difference:.1e}")
        golden = recorded(Recorder(folder), cases)
        files = {f"folder/{file.relative_to(folder)}": file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        archive(files | golden, target / f"{name}.zip")


def main():
    parser = argparse.ArgumentParser(description="Makes a small random folder of each family of video models and records diffusers' runs of it.")
    parser.add_argument("--shipped", action="store_true", help="record models/pocket-video and nothing else")
    parser.add_argument("--only", choices=FAMILIES)
    arguments = parser.parse_args()
    if arguments.shipped:
        archive(recorded(Recorder(Path("models/pocket-video")), POCKET, LAST), TARGET / "pocket-video.zip")
        return
    for name in [arguments.only] if arguments.only else FAMILIES:
        record(name, TARGET)


if __name__ == "__main__":
    main()
