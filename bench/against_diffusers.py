#!/usr/bin/env python3
"""Darkroom against diffusers: the same folder, prompt, seed and steps on the same cores, taking turns in one run.

usage: training/.venv/bin/python bench/against_diffusers.py [ROUNDS]
Needs the environment of training/ (see training/README.md) and a built application (run ./darkroom once).
Darkroom is timed through its gateway, client included; diffusers is its pipeline called in-process, PyTorch fp32, all cores.
"""
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROMPT, STEPS, GUIDANCE = "a fox in the snow", 25, 4.0


def diffusers_pipeline():
    import torch
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(ROOT / "models/pocket-unet", torch_dtype=torch.float32, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)

    def make(seed):
        start = time.perf_counter()
        pipeline(PROMPT, num_inference_steps=STEPS, guidance_scale=GUIDANCE, generator=torch.Generator().manual_seed(seed))
        return time.perf_counter() - start

    return make


def darkroom_gateway():
    process = subprocess.Popen([ROOT / "bench/run", "turns", PROMPT, str(STEPS), str(GUIDANCE)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def make(seed):
        process.stdin.write(f"{seed}\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    return make


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    makers = {"darkroom": darkroom_gateway(), "diffusers": diffusers_pipeline()}
    times = {name: [] for name in makers}
    for round_ in range(-3, rounds):  # three to warm up
        for name, make in makers.items():
            seconds = make(round_ + 100)
            if round_ >= 0:
                times[name].append(seconds)
    for name, seconds in times.items():
        print(f"{name:10} median {statistics.median(seconds):.3f} s, best {min(seconds):.3f} s of {rounds}")
    print(f"darkroom / diffusers  {statistics.median(times['darkroom']) / statistics.median(times['diffusers']):.2f} (medians)")


if __name__ == "__main__":
    main()
