# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Records torch's CPU normal generator, bit for bit, for GaussianNoiseTest.

    python -m darkroom_training.record_noise inference/src/test/resources/golden/noise.json

Each case is one generator and consecutive draws from it: fewer than 16 values, 16 and more, ragged ends, and mixtures. Values are
the float32 bit patterns in hexadecimal; of long draws the first eight, the last twenty and CRC-32 over all (little-endian).
"""

import json
import sys
import zlib
from pathlib import Path

import torch

SEEDS = [0, 1, 7, 42, -1, -5, 2**31, 2**32, 2**32 + 7, 2**63 - 1, -(2**63)]
DRAWS = [[16], [15], [1, 1, 1], [4096], [2048, 2048], [17, 31, 100], [3, 20, 5], [7, 1, 16, 2], [1000003]]


def record(seed, sizes):
    generator = torch.Generator("cpu").manual_seed(seed)
    draws = []
    for size in sizes:
        values = torch.randn(size, generator=generator)
        raw = values.numpy().astype("<f4").tobytes()
        bits = [f"{word & 0xFFFFFFFF:08x}" for word in values.view(torch.int32).tolist()]
        draws.append({"size": size, "first": bits[:8], "last": bits[-20:], "crc32": f"{zlib.crc32(raw):08x}"})
    return {"seed": seed, "draws": draws}


def main():
    cases = [record(seed, sizes) for seed in SEEDS for sizes in DRAWS if sizes != [1000003] or seed == 7]
    capability = torch.backends.cpu.get_cpu_capability()
    versions = {"script": "darkroom_training.record_noise", "torch": torch.__version__, "cpu_capability": capability}
    Path(sys.argv[1]).write_text(json.dumps(versions | {"cases": cases}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
