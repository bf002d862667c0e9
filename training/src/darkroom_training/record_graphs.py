# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the graphs that test Darkroom's ONNX sessions and model folders: a few hundred bytes each, real operators, seeded weights.

    python -m darkroom_training.record_graphs inference/src/test/resources

``graphs/`` holds single graphs, ``tiny/`` a Stable Diffusion folder with graph-only files over safetensors, ``misfits/`` graphs
that do not fit into ``tiny/`` (the file name says why) and some that fit in another dialect; those named ``upscaler-`` are for ``tiny/``
as an upscaler of 4 latent channels.
"""

import json
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from darkroom_training import record_tiny_model as tiny
from darkroom_training.record_tiny_model import CHANNELS, FACTOR, FLOAT, INT64, VOCABULARY, WIDTH, constant, node, save, tensor, write


def types(path):
    """Doubles every input in its own type."""
    names = {"half": TensorProto.FLOAT16, "float": FLOAT, "double": TensorProto.DOUBLE, "int": TensorProto.INT32, "long": INT64}
    nodes = [node("Add", f"{name} {name}", f"{name}_out") for name in names]
    save(
        path, "types", nodes,
        [tensor(name, dtype, "batch", 2) for name, dtype in names.items()],
        [tensor(name + "_out", dtype, "batch", 2) for name, dtype in names.items()],
        [],
    )  # fmt: skip


def flags(path):
    """Inverts flags."""
    boolean = TensorProto.BOOL
    save(path, "flags", [node("Not", "mask", "inverse")], [tensor("mask", boolean, "batch", "n")], [tensor("inverse", boolean, "batch", "n")], [])


def loop(path):
    """y = tanh(...tanh(x x)...x), ``count`` times: as long a call as a test needs."""
    body = helper.make_graph(
        [node("MatMul", "state state", "square"), node("Tanh", "square", "next"), node("Identity", "keep", "go_on")],
        "body",
        [tensor("i", INT64), tensor("keep", TensorProto.BOOL), tensor("state", FLOAT, "n", "n")],
        [tensor("go_on", TensorProto.BOOL), tensor("next", FLOAT, "n", "n")],
    )
    nodes = [helper.make_node("Loop", ["count", "", "x"], ["y"], body=body)]
    save(path, "loop", nodes, [tensor("x", FLOAT, "n", "n"), tensor("count", INT64)], [tensor("y", FLOAT, "n", "n")], [])


def graph_only(path, name, nodes, inputs, outputs, initializers):
    """Moves the float initializers into a float16 safetensors file beside the graph, which points into it and casts back."""
    weights = path.with_name("diffusion_pytorch_model.safetensors")
    floats = [i for i in initializers if i.data_type == FLOAT and len(i.dims) > 0]
    blobs = {i.name: numpy_helper.to_array(i).astype(np.float16) for i in floats}
    header, at = {}, 0
    for key, value in blobs.items():
        header[key] = {"dtype": "F16", "shape": list(value.shape), "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    weights.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(v.tobytes() for v in blobs.values()))
    stored, casts = [], []
    for i in floats:
        start, end = header[i.name]["data_offsets"]
        entry = TensorProto(name=i.name + ".f16", dims=i.dims, data_type=TensorProto.FLOAT16, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", weights.name), ("offset", 8 + len(text) + start), ("length", end - start)):
            entry.external_data.add(key=key, value=str(value))
        stored.append(entry)
        casts.append(helper.make_node("Cast", [entry.name], [i.name], to=FLOAT))
    rest = [i for i in initializers if i not in floats]
    graph = helper.make_graph(casts + nodes, name, inputs, outputs, stored + rest)
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString())


def folder(root):
    """The tiny folder in diffusers' own layout: weights in safetensors, the decoder's graph inside ``vae``."""
    shutil.rmtree(root, ignore_errors=True)
    tiny.folder(root)
    (root / "vae_decoder").rename(root / "vae")
    (root / "vae/model.onnx").unlink()
    graph_only(root / "unet/model.onnx", "unet", *tiny.unet(per_row=True, coupled=True))
    graph_only(root / "vae/decoder_model.onnx", "vae_decoder", *tiny.vae_decoder(1.2))
    (root / "known_subjects").write_text("cat\nfox\n\n", encoding="utf-8")
    (root / "README.md").write_text("---\ntags:\n- tiny\nlicense: apache-2.0\n---\n# Seeded noise\n", encoding="utf-8")


def misfits(root):
    def unet(name, sample=(CHANNELS, "height", "width"), timestep=("batch_size",), width=WIDTH, extra=(), out="out_sample", ttype=FLOAT):
        save(
            root / name, "unet", [node("Identity", "sample", out)],
            [
                tensor("sample", FLOAT, "batch_size", *sample),
                tensor("timestep", ttype, *timestep),
                tensor("encoder_hidden_states", FLOAT, "batch_size", "sequence_length", width),
                *(tensor(e, FLOAT, "batch_size", 256) for e in extra),
            ],
            [tensor(out, FLOAT, "batch_size", *sample)],
            [],
        )  # fmt: skip

    unet("unet-rank-3.onnx", sample=(CHANNELS, "length"))
    unet("unet-5-channels.onnx", sample=(5, "height", "width"))
    unet("unet-width-9.onnx", width=9)
    unet("unet-extra-input.onnx", extra=["timestep_cond"])
    unet("unet-other-output.onnx", out="noise")
    unet("unet-scalar-timestep.onnx", timestep=())
    unet("unet-single-int64-timestep.onnx", timestep=("steps",), ttype=INT64)

    def text(name, dtype):
        save(
            root / name, "text_encoder", [node("Cast", "input_ids", "ids", to=INT64), node("Gather", "embedding ids", "last_hidden_state")],
            [tensor("input_ids", dtype, "batch_size", "sequence_length")],
            [tensor("last_hidden_state", FLOAT, "batch_size", "sequence_length", WIDTH)],
            [constant("embedding", np.arange(VOCABULARY * WIDTH).reshape(VOCABULARY, WIDTH) / 100)],
        )  # fmt: skip

    text("text-float-ids.onnx", FLOAT)
    text("text-int32-ids.onnx", TensorProto.INT32)
    scales = constant("scales", [1, 1, FACTOR, FACTOR])
    save(
        root / "vae-4-channels.onnx", "vae_decoder", [helper.make_node("Resize", ["latent_sample", "", "scales"], ["sample"], mode="nearest")],
        [tensor("latent_sample", FLOAT, "batch_size", CHANNELS, "height", "width")],
        [tensor("sample", FLOAT, "batch_size", 4, "height_out", "width_out")],
        [scales],
    )  # fmt: skip


def upscalers(root):
    """out = the latents of the sample + 0.01 x the noise level, so that both inputs show."""

    def unet(name, channels=CHANNELS + 3, labels=("batch_size",), ltype=INT64, timestep=("batch_size",), extra=()):
        rank = [] if labels == () else [node("Unsqueeze", "noise last_three", "level")]
        save(
            root / name, "unet",
            [
                node("Slice", "sample first last channel_axis", "latents"),
                node("Cast", "class_labels", "label", to=FLOAT),
                node("Mul", "label hundredth", "noise" if rank else "level"),
                *rank,
                node("Add", "latents level", "out_sample"),
            ],
            [
                tensor("sample", FLOAT, "batch_size", channels, "height", "width"),
                tensor("timestep", FLOAT, *timestep),
                tensor("encoder_hidden_states", FLOAT, "batch_size", "sequence_length", WIDTH),
                tensor("class_labels", ltype, *labels),
                *(tensor(e, FLOAT, "batch_size", 896) for e in extra),
            ],
            [tensor("out_sample", FLOAT, "batch_size", CHANNELS, "height", "width")],
            [
                constant("first", [0], np.int64), constant("last", [CHANNELS], np.int64), constant("channel_axis", [1], np.int64),
                constant("last_three", [1, 2, 3], np.int64), constant("hundredth", 0.01),
            ],
        )  # fmt: skip

    unet("upscaler-unet.onnx")
    unet("upscaler-unet-scalars.onnx", labels=(), timestep=())
    unet("upscaler-unet-single-int32-level.onnx", labels=(1,), ltype=TensorProto.INT32)
    unet("upscaler-unet-8-channels.onnx", channels=8)
    unet("upscaler-unet-float-level.onnx", ltype=FLOAT)
    unet("upscaler-unet-extra-input.onnx", extra=["timestep_cond"])


def main():
    root = Path(sys.argv[1])
    types(root / "graphs/types.onnx")
    flags(root / "graphs/flags.onnx")
    loop(root / "graphs/loop.onnx")
    folder(root / "tiny")
    misfits(root / "misfits")
    upscalers(root / "misfits")
    write(root / "graphs/versions.json", {"script": "darkroom_training.record_graphs", "onnx": __import__("onnx").__version__})


if __name__ == "__main__":
    main()
