#!/usr/bin/env python3
"""Peak resident memory of ./darkroom against the size of the picture, each in a fresh process.

usage: bench/memory.py
Needs Python 3.9 or newer on Linux and nothing else. 64, 256 and 1024 px are generated; then 64, 128, 256 and 512 px are enlarged.
"""
import os
import subprocess
import tempfile
from pathlib import Path

DARKROOM = str(Path(__file__).resolve().parent.parent / "darkroom")


def peak_mib(*arguments):
    process = subprocess.Popen([DARKROOM, *arguments, "-q"])
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"darkroom {' '.join(arguments)} failed")
    return usage.ru_maxrss / 1024


def main():
    with tempfile.TemporaryDirectory() as folder:
        def image(size, name):
            return ["image", "a fox in the snow", "--seed", "5", "--size", str(size), "-o", f"{folder}/{name}"]

        peak_mib(*image(64, "64.png"))  # may build
        for size in (64, 256, 1024):
            print(f"image --size {size:<8} {peak_mib(*image(size, f'{size}.png')):6.0f} MiB", flush=True)
        peak_mib("image", "a fox in the snow", "--seed", "5", "--width", "128", "--height", "128", "--size", "128", "-o", f"{folder}/128.png")
        for size in (64, 128, 256, 512):
            peak = peak_mib("upscale", f"{folder}/{size}.png", "-o", f"{folder}/{4 * size}.png")
            print(f"upscale {size:>4} to {4 * size:<6} {peak:6.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
