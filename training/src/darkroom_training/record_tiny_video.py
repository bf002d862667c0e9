# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a text-to-video folder and a frame interpolator of a few KB with seeded weights, for tests of everything around the networks.

    python -m darkroom_training.record_tiny_video text2video-svc/src/test/resources/tiny/video inference/src/test/resources/tiny-interpolation

Real ONNX graphs with the inputs and outputs of the real thing. The first draws coloured noise that depends on every input and on the frames
beside; the second blends linearly.
"""

import sys
from pathlib import Path

from darkroom_training.record_tiny_model import (
    CHANNELS,
    FLOAT,
    INT64,
    LATENT_SIZE,
    VOCABULARY,
    WIDTH,
    WINDOW,
    constant,
    node,
    np,
    save,
    tensor,
    text_encoder,
    tokenizer,
    vae_decoder,
    weights,
    write,
)


def unet():
    """conv3d(tanh(conv3d(x) + text + time)) + 0.3 x"""
    nodes = [
        node("Conv", "sample first first_bias", "features", pads=[1, 1, 1, 1, 1, 1]),
        node("Reshape", "encoder_hidden_states flat", "flat_text"),
        node("MatMul", "flat_text text", "text_bias"),
        node("Cast", "timestep", "time", to=FLOAT),
        node("Reshape", "time column", "rows"),
        node("Mul", "rows frequency", "phase"),
        node("Sin", "phase", "time_bias"),
        node("Add", "text_bias time_bias", "bias"),
        node("Unsqueeze", "bias last_three", "bias_map"),
        node("Add", "features bias_map", "biased"),
        node("Tanh", "biased", "hidden"),
        node("Conv", "hidden second", "shaped", pads=[1, 1, 1, 1, 1, 1]),
        node("Mul", "sample skip", "skipped"),
        node("Add", "shaped skipped", "out_sample"),
    ]
    video = ("batch_size", CHANNELS, "num_frames", "height", "width")
    return (
        nodes,
        [
            tensor("sample", FLOAT, *video),
            tensor("timestep", INT64, "batch_size"),
            tensor("encoder_hidden_states", FLOAT, "batch_size", "sequence_length", WIDTH),
        ],
        [tensor("out_sample", FLOAT, *video)],
        [
            weights("first", 8, CHANNELS, 3, 3, 3),
            weights("first_bias", 8),
            weights("text", WINDOW * WIDTH, 8, scale=0.3),
            constant("flat", [0, -1], np.int64),
            weights("second", CHANNELS, 8, 3, 3, 3),
            constant("frequency", [[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]]),
            constant("skip", 0.3),
            constant("column", [-1, 1], np.int64),
            constant("last_three", [2, 3, 4], np.int64),
        ],
    )


def interpolator():
    """(1 - t) img0 + t img1"""
    picture = ("batch_size", 3, "height", "width")
    nodes = [node("Sub", "img1 img0", "step"), node("Mul", "step timestep", "part"), node("Add", "img0 part", "output")]
    inputs = [tensor("img0", FLOAT, *picture), tensor("img1", FLOAT, *picture), tensor("timestep", FLOAT, "batch_size", 1, 1, 1)]
    return nodes, inputs, [tensor("output", FLOAT, *picture)], []


def main():
    folder, interpolation = Path(sys.argv[1]), Path(sys.argv[2])
    save(folder / "unet/model.onnx", "unet", *unet())
    save(folder / "text_encoder/model.onnx", "text_encoder", *text_encoder())
    save(folder / "vae_decoder/model.onnx", "vae_decoder", *vae_decoder(1.0))
    tokenizer(folder / "tokenizer")
    write(folder / "model_index.json", {"_class_name": "TextToVideoSDPipeline", "_diffusers_version": "0.39.0"})
    write(folder / "generation_defaults.json", {"num_inference_steps": 4, "guidance_scale": 3.0, "num_frames": 6, "frame_rate": 8})
    write(
        folder / "unet/config.json",
        {
            "in_channels": CHANNELS, "out_channels": CHANNELS, "cross_attention_dim": WIDTH, "sample_size": LATENT_SIZE,
            "block_out_channels": [8, 8],
        },
    )  # fmt: skip
    write(folder / "vae_decoder/config.json", {"latent_channels": CHANNELS, "scaling_factor": 0.5, "block_out_channels": [4, 4, 4]})
    write(folder / "text_encoder/config.json", {"vocab_size": VOCABULARY, "hidden_size": WIDTH, "max_position_embeddings": WINDOW})
    write(
        folder / "scheduler/scheduler_config.json",
        {
            "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False,
            "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "steps_offset": 1, "timestep_spacing": "trailing",
        },
    )  # fmt: skip
    save(interpolation / "model.onnx", "interpolation", *interpolator())
    write(interpolation / "config.json", {"_class_name": "PocketInterpolation", "multiple_of": 8})


if __name__ == "__main__":
    main()
