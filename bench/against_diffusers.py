#!/usr/bin/env python3
"""Darkroom against diffusers: the same folder, prompt, seed and steps on the same cores, taking turns in one run.

usage: training/.venv/bin/python bench/against_diffusers.py generate|upscale [ROUNDS]
Needs the environment of training/ (see training/README.md) and a built application (run ./darkroom once).
Darkroom is timed through its gateway, client and safety checks included; diffusers is its pipeline called in-process, PyTorch fp32, all cores.
`generate` makes a 64-px picture with models/pocket-unet, `upscale` makes it a 256-px one with models/pocket-upscaler.
"""
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROMPT, STEPS, GUIDANCE = "a fox in the snow", 25, 4.0
UPSCALER = ROOT / "models/pocket-upscaler"


def pipeline_of(kind, folder, **options):
    import torch

    pipeline = kind.from_pretrained(folder, torch_dtype=torch.float32, **options)
    pipeline.set_progress_bar_config(disable=True)

    def seconds(seed, **inputs):
        start = time.perf_counter()
        pipeline(PROMPT, generator=torch.Generator().manual_seed(seed), **inputs)
        return time.perf_counter() - start

    return seconds


def diffusers_generate():
    from diffusers import StableDiffusionPipeline

    seconds = pipeline_of(StableDiffusionPipeline, ROOT / "models/pocket-unet", safety_checker=None)
    return lambda seed: seconds(seed, num_inference_steps=STEPS, guidance_scale=GUIDANCE)


def diffusers_upscale(picture, defaults):
    from diffusers import StableDiffusionUpscalePipeline
    from PIL import Image

    seconds = pipeline_of(StableDiffusionUpscalePipeline, UPSCALER)
    return lambda seed: seconds(seed, image=Image.open(picture), **defaults)


def darkroom(*turns):
    process = subprocess.Popen([ROOT / "bench/run", *turns], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def make(seed):
        process.stdin.write(f"{seed}\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    return make


def makers(what, folder):
    if what == "generate":
        return {"darkroom": darkroom("turns", PROMPT, str(STEPS), str(GUIDANCE)), "diffusers": diffusers_generate()}
    picture = f"{folder}/fox.png"
    subprocess.run([ROOT / "darkroom", "image", PROMPT, "--seed", "5", "--size", "64", "-q", "-o", picture], check=True)
    defaults = json.loads((UPSCALER / "generation_defaults.json").read_text())
    ours = darkroom("upscale-turns", picture, PROMPT, str(defaults["num_inference_steps"]))
    return {"darkroom": ours, "diffusers": diffusers_upscale(picture, defaults)}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ("generate", "upscale"):
        sys.exit(__doc__)
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as folder:
        sides = makers(sys.argv[1], folder)
        times = {name: [] for name in sides}
        for round_ in range(-3, rounds):  # three to warm up
            for name, make in sides.items():
                seconds = make(round_ + 100)
                if round_ >= 0:
                    times[name].append(seconds)
    for name, seconds in times.items():
        print(f"{name:10} median {statistics.median(seconds):.3f} s, best {min(seconds):.3f} s of {rounds}")
    print(f"darkroom / diffusers  {statistics.median(times['darkroom']) / statistics.median(times['diffusers']):.2f} (medians)")


if __name__ == "__main__":
    main()
