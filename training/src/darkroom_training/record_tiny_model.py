# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes Stable Diffusion folders of a few KB with seeded weights, for tests of everything around the networks.

    python -m darkroom_training.record_tiny_model text2image-svc/src/test/resources/tiny

Real ONNX graphs with the inputs and outputs of the real thing: they draw coloured noise that depends on every input. "per-row" takes
one time step per row, "scalar" one for all (Optimum's current export); "coupled" sums over a middle axis, which ONNX Runtime does in
another order when there is one row, so that rows depend on their company; "black" decodes everything to black and "nan" to NaN.
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

WINDOW, WIDTH, CHANNELS, VOCABULARY, FACTOR, LATENT_SIZE = 16, 8, 4, 96, 4, 8
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
RANDOM = np.random.default_rng(7)


def weights(name, *shape, scale=None):
    scale = scale if scale is not None else 1 / np.sqrt(np.prod(shape[1:]) if len(shape) > 1 else 1)
    return numpy_helper.from_array((RANDOM.standard_normal(shape) * scale).astype(np.float32), name)


def constant(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.array(values, dtype=dtype), name)


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs.split(), [output], **attributes)


def tensor(name, dtype, *shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def save(path, name, nodes, inputs, outputs, initializers):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def text_encoder():
    nodes = [
        node("Gather", "embedding input_ids", "tokens"),
        node("Add", "tokens position", "placed"),
        node("Tanh", "placed", "last_hidden_state"),
        node("ReduceMean", "last_hidden_state one", "pooler_output", keepdims=0),
    ]
    return (
        nodes,
        [tensor("input_ids", INT64, "batch_size", "sequence_length")],
        [
            tensor("last_hidden_state", FLOAT, "batch_size", "sequence_length", WIDTH),
            tensor("pooler_output", FLOAT, "batch_size", WIDTH),
        ],
        [weights("embedding", VOCABULARY, WIDTH, scale=1), weights("position", WINDOW, WIDTH, scale=0.5), constant("one", [1], np.int64)],
    )


def unet(per_row, coupled):
    """conv(tanh(conv(x) + text + time)) + 0.3 x"""
    timestep = tensor("timestep", FLOAT, *(["batch_size"] if per_row else []))
    if coupled:
        text_bias = [
            node("ReduceMean", "encoder_hidden_states token_axis", "mean_text", keepdims=0),
            node("MatMul", "mean_text text", "text_bias"),
        ]
        text_weights = [weights("text", WIDTH, 8, scale=1.5), constant("token_axis", [1], np.int64)]
    else:
        text_bias = [
            node("Reshape", "encoder_hidden_states flat", "flat_text"),
            node("MatMul", "flat_text text", "text_bias"),
        ]
        text_weights = [weights("text", WINDOW * WIDTH, 8, scale=0.3), constant("flat", [0, -1], np.int64)]
    nodes = [
        node("Conv", "sample first first_bias", "features", pads=[1, 1, 1, 1]),
        *text_bias,
        node("Reshape", "timestep column", "rows"),  # (B or 1, 1)
        node("Mul", "rows frequency", "phase"),  # (B or 1, 8)
        node("Sin", "phase", "time_bias"),
        node("Add", "text_bias time_bias", "bias"),
        node("Unsqueeze", "bias last_two", "bias_map"),
        node("Add", "features bias_map", "biased"),
        node("Tanh", "biased", "hidden"),
        node("Conv", "hidden second", "shaped", pads=[1, 1, 1, 1]),
        node("Mul", "sample skip", "skipped"),
        node("Add", "shaped skipped", "out_sample"),
    ]
    return (
        nodes,
        [
            tensor("sample", FLOAT, "batch_size", CHANNELS, "height", "width"),
            timestep,
            tensor("encoder_hidden_states", FLOAT, "batch_size", "sequence_length", WIDTH),
        ],
        [tensor("out_sample", FLOAT, "batch_size", CHANNELS, "height", "width")],
        [
            weights("first", 8, CHANNELS, 3, 3),
            weights("first_bias", 8),
            *text_weights,
            weights("second", CHANNELS, 8, 3, 3),
            constant("frequency", [[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]]),
            constant("skip", 0.3),
            constant("column", [-1, 1], np.int64),
            constant("last_two", [2, 3], np.int64),
        ],
    )


def vae_decoder(gain):
    """tanh(upsample(conv(x))) * gain: gain 0 is black, NaN is NaN"""
    nodes = [
        node("Conv", "latent_sample kernel", "colours", pads=[1, 1, 1, 1]),
        node("Tanh", "colours", "bounded"),
        helper.make_node("Resize", ["bounded", "", "scales"], ["large"], mode="linear"),
        node("Mul", "large gain", "scaled"),
        node("Add", "scaled shift", "sample"),
    ]
    return (
        nodes,
        [tensor("latent_sample", FLOAT, "batch_size", CHANNELS, "height", "width")],
        [tensor("sample", FLOAT, "batch_size", 3, "height_out", "width_out")],
        [
            weights("kernel", 3, CHANNELS, 3, 3),
            constant("scales", [1, 1, FACTOR, FACTOR]),
            constant("gain", gain),
            constant("shift", -1.0 if gain == 0 else 0.0),
        ],
    )


def tokenizer(folder):
    """CLIP's byte-level BPE with the letters, their word-final forms and a few merges."""
    alphabet = [chr(c) for c in range(ord("a"), ord("z") + 1)] + list(",.!'-0123456789")
    merges = ["f o", "fo x</w>", "c a", "ca t</w>", "t h", "th e</w>", "i n</w>", "s n", "o w</w>", "sn ow</w>"]
    entries = alphabet + [a + "</w>" for a in alphabet] + [m.replace(" ", "") for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    assert len(entries) <= VOCABULARY, len(entries)
    write(folder / "vocab.json", {entry: i for i, entry in enumerate(entries)})
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    write(folder / "special_tokens_map.json", special)
    write(folder / "tokenizer_config.json", special | {"model_max_length": WINDOW, "tokenizer_class": "CLIPTokenizer", "do_lower_case": True})


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def folder(root, per_row=True, coupled=False, gain=1.2):
    global RANDOM
    RANDOM = np.random.default_rng(7)
    write(root / "model_index.json", {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.39.0"})
    write(
        root / "scheduler/scheduler_config.json",
        {
            "_class_name": "DDIMScheduler",
            "beta_start": 0.00085,
            "beta_end": 0.012,
            "beta_schedule": "scaled_linear",
            "clip_sample": False,
            "prediction_type": "v_prediction",
            "rescale_betas_zero_snr": True,
            "steps_offset": 1,
            "timestep_spacing": "trailing",
        },
    )
    tokenizer(root / "tokenizer")
    write(root / "text_encoder/config.json", {"vocab_size": VOCABULARY, "hidden_size": WIDTH, "max_position_embeddings": WINDOW})
    unet_config = {"in_channels": CHANNELS, "out_channels": CHANNELS, "cross_attention_dim": WIDTH}
    write(root / "unet/config.json", unet_config | {"sample_size": LATENT_SIZE, "block_out_channels": [8, 8]})
    write(root / "vae_decoder/config.json", {"latent_channels": CHANNELS, "scaling_factor": 0.5, "block_out_channels": [4, 4, 4]})
    save(root / "text_encoder/model.onnx", "text_encoder", *text_encoder())
    save(root / "unet/model.onnx", "unet", *unet(per_row, coupled))
    save(root / "vae_decoder/model.onnx", "vae_decoder", *vae_decoder(gain))


def main():
    root = Path(sys.argv[1])
    folder(root / "per-row")
    folder(root / "scalar", per_row=False)
    folder(root / "coupled", coupled=True)
    folder(root / "black", gain=0.0)
    folder(root / "nan", gain=float("nan"))
    write(root / "per-row/generation_defaults.json", {"num_inference_steps": 6, "guidance_scale": 3.0})
    (root / "per-row/known_subjects").write_text("cat, kitten\nfox\npalm tree\n", encoding="utf-8")


if __name__ == "__main__":
    main()
