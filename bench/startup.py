#!/usr/bin/env python3
"""From command to first progress and to the picture, and peak memory, of ./darkroom image in fresh processes.

usage: bench/startup.py [RUNS]
Needs Python 3.9 or newer on Linux or macOS and nothing else. The first run is not counted: it may build.
"""
import os
import pty
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def picture(folder):
    """Runs the command on a terminal of its own; seconds to the first denoising step shown, and to the end."""
    terminal, theirs = pty.openpty()
    start = time.monotonic()
    process = subprocess.Popen([ROOT / "darkroom", "image", "a fox in the snow", "--seed", "7", "-o", folder + "/fox.png"],
                               stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    first = None
    seen = b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux ends a closed terminal with EIO
            data = b""
        if not data:
            break
        seen += data
        if first is None and b"denoise" in seen:
            first = time.monotonic() - start
    if process.wait() != 0:
        sys.exit(seen.decode(errors="replace"))
    os.close(terminal)
    return first, time.monotonic() - start


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        picture(folder)
        times = [picture(folder) for _ in range(runs)]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(f"runs {runs}")
    print(f"command to first progress  {statistics.median(t[0] for t in times):.2f} s (median), {max(t[0] for t in times):.2f} s (worst)")
    print(f"command to picture         {statistics.median(t[1] for t in times):.2f} s (median), {max(t[1] for t in times):.2f} s (worst)")
    print(f"peak RSS                   {peak:.0f} MiB")


if __name__ == "__main__":
    main()
