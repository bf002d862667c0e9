# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Graph-only files over tiny random folders: names, parity, determinism, shards, variants, tied and renamed weights."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from diffusers import AutoencoderKL, PixArtTransformer2DModel, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

from darkroom_training.export import export
from darkroom_training.record_families import made

GRAPHS = ("text_encoder/model.onnx", "unet/model.onnx", "vae/decoder_model.onnx", "vae/encoder_model.onnx")


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline"}))
    CLIPTextModel(
        CLIPTextConfig(vocab_size=40, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=8)
    ).half().save_pretrained(tmp_path / "text_encoder")
    UNet2DConditionModel(
        sample_size=8, block_out_channels=(8, 16), layers_per_block=1, cross_attention_dim=16, attention_head_dim=2, norm_num_groups=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    ).half().save_pretrained(tmp_path / "unet")  # fmt: skip
    AutoencoderKL(
        block_out_channels=(8, 16), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=4
    ).half().save_pretrained(tmp_path / "vae")
    return tmp_path


def external(path):
    model = onnx.load(str(path), load_external_data=False)
    return [{entry.key: entry.value for entry in tensor.external_data} for tensor in model.graph.initializer if tensor.external_data]


def test_export_folder_agrees_with_pytorch_and_holds_graphs_only(folder):
    written = export(folder)
    assert [str(graph.path.relative_to(folder)) for graph in written] == list(GRAPHS)
    for graph in written:
        assert graph.difference < 1e-5
        assert graph.inline_bytes <= 1024


def test_export_twice_gives_the_same_bytes(folder):
    first = [graph.path.read_bytes() for graph in export(folder)]
    assert first == [graph.path.read_bytes() for graph in export(folder)]


def test_export_unet_takes_a_time_step_per_row_and_any_batch(folder):
    export(folder)
    session = onnxruntime.InferenceSession(str(folder / "unet/model.onnx"))
    assert [value.name for value in session.get_inputs()] == ["sample", "timestep", "encoder_hidden_states"]
    sample, states = np.ones((3, 4, 8, 8), np.float32), np.ones((3, 5, 16), np.float32)
    rows = session.run(None, {"sample": sample, "timestep": np.array([1, 500, 999], np.float32), "encoder_hidden_states": states})[0]
    alone = session.run(None, {"sample": sample[:1], "timestep": np.array([500], np.float32), "encoder_hidden_states": states[:1]})[0]
    assert rows.shape == (3, 4, 8, 8)
    np.testing.assert_allclose(rows[1], alone[0], atol=1e-5)
    assert np.abs(rows[0] - rows[2]).max() > 1e-3


def test_export_shardedAndBfloat16_points_into_the_shards(folder):
    unet = folder / "unet"
    weights = load_file(unet / "diffusion_pytorch_model.safetensors")
    (unet / "diffusion_pytorch_model.safetensors").unlink()
    names = sorted(weights)
    shards = {f"diffusion_pytorch_model-0000{i + 1}-of-00002.safetensors": names[i::2] for i in range(2)}
    for file, held in shards.items():
        save_file({name: weights[name].bfloat16() for name in held}, unet / file)
    index = {"metadata": {"total_size": 0}, "weight_map": {name: file for file, held in shards.items() for name in held}}
    (unet / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    assert export(folder)[1].difference < 1e-5
    assert {entry["location"] for entry in external(unet / "model.onnx")} == set(shards)


def test_export_fp16Variant_is_found(folder):
    file = folder / "vae/diffusion_pytorch_model.safetensors"
    file.rename(folder / "vae/diffusion_pytorch_model.fp16.safetensors")
    export(folder)
    assert {entry["location"] for entry in external(folder / "vae/decoder_model.onnx")} == {"diffusion_pytorch_model.fp16.safetensors"}


def test_export_oldAttentionNames_are_found_by_value(folder):
    file = folder / "vae/diffusion_pytorch_model.safetensors"
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

    def renamed(name):
        for new, word in old.items():
            name = name.replace(f"attentions.0.{new}.", f"attentions.0.{word}.")
        return name

    save_file({renamed(name): value for name, value in load_file(file).items()}, file, metadata={"format": "pt"})
    assert all(graph.inline_bytes <= 1024 for graph in export(folder))


def test_export_noSafetensors_names_the_folder(folder):
    (folder / "unet/diffusion_pytorch_model.safetensors").rename(folder / "unet/diffusion_pytorch_model.bin")
    with pytest.raises(SystemExit, match="unet: no model.safetensors or diffusion_pytorch_model.safetensors"):
        export(folder)


@pytest.fixture
def clip_folder(tmp_path):
    torch.manual_seed(0)
    width = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**width, "vocab_size": 40, "max_position_embeddings": 8, "eos_token_id": 39}
    vision = {**width, "image_size": 16, "patch_size": 8}
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=6)).half().save_pretrained(tmp_path)
    return tmp_path


def test_export_clip_folder_agrees_with_pytorch_and_holds_graphs_only(clip_folder):
    written = export(clip_folder)
    assert [graph.path.name for graph in written] == ["vision_model.onnx", "text_model.onnx"]
    for graph in written:
        assert graph.difference < 1e-5
        assert graph.inline_bytes <= 1024
        assert {entry["location"] for entry in external(graph.path)} == {"model.safetensors"}


def test_export_clip_text_is_pooled_at_the_end_token_whatever_follows(clip_folder):
    export(clip_folder)
    session = onnxruntime.InferenceSession(str(clip_folder / "text_model.onnx"))
    ids = np.array([[1, 5, 6, 39, 39, 39, 39, 39], [1, 5, 6, 39, 7, 8, 9, 10], [1, 5, 7, 39, 39, 39, 39, 39]])
    embeds = session.run(["text_embeds"], {"input_ids": ids})[0]
    np.testing.assert_allclose(embeds[0], embeds[1], rtol=1e-5)
    assert np.abs(embeds[0] - embeds[2]).max() > 1e-4


def test_export_upscaler_takes_a_noise_level_per_row(folder):
    torch.manual_seed(0)
    UNet2DConditionModel(
        sample_size=8, in_channels=7, out_channels=4, block_out_channels=(8, 16), layers_per_block=1, cross_attention_dim=16, attention_head_dim=2,
        norm_num_groups=4, num_class_embeds=20, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    ).half().save_pretrained(folder / "unet")  # fmt: skip
    low_res = folder / "low_res_scheduler/scheduler_config.json"
    low_res.parent.mkdir()
    low_res.write_text("{}")
    assert export(folder)[1].difference < 1e-5
    assert low_res.read_text() == "{}"
    session = onnxruntime.InferenceSession(str(folder / "unet/model.onnx"))
    assert [(value.name, value.type) for value in session.get_inputs()][3] == ("class_labels", "tensor(int64)")
    feed = {
        "sample": np.ones((3, 7, 8, 8), np.float32),
        "timestep": np.full(3, 500, np.float32),
        "encoder_hidden_states": np.ones((3, 5, 16), np.float32),
    }
    rows = session.run(None, feed | {"class_labels": np.array([0, 0, 19])})[0]
    assert rows.shape == (3, 4, 8, 8)
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)
    assert np.abs(rows[0] - rows[2]).max() > 1e-4


INPUTS = {
    "sdxl": ["sample", "timestep", "encoder_hidden_states", "text_embeds", "time_ids"],
    "sdxl-refiner": ["sample", "timestep", "encoder_hidden_states", "text_embeds", "time_ids"],
    "lcm": ["sample", "timestep", "encoder_hidden_states", "timestep_cond"],
}


@pytest.mark.parametrize("family", INPUTS)
def test_export_family_agrees_with_pytorch_and_names_every_input(family, tmp_path):
    folder, _ = made(family, tmp_path, tmp_path)
    for graph in export(folder):
        assert graph.difference < 1e-5
        assert graph.inline_bytes <= 1024
    session = onnxruntime.InferenceSession(str(folder / "unet/model.onnx"))
    assert [value.name for value in session.get_inputs()] == INPUTS[family]


def test_export_text_encoder_gives_the_states_that_clip_skip_wants(folder):
    export(folder)
    model = CLIPTextModel.from_pretrained(folder / "text_encoder").float().eval()
    ids = torch.arange(8)[None]
    with torch.no_grad():
        states = model(ids, output_hidden_states=True).hidden_states
        expected = model.text_model.final_layer_norm(states[-2]).numpy()
    session = onnxruntime.InferenceSession(str(folder / "text_encoder/model.onnx"))
    found = session.run(["normed_hidden_states.1"], {"input_ids": ids.numpy()})[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("sizes", [True, False])
def test_export_pixart_takes_any_size_and_knows_the_padding(folder, sizes):
    torch.manual_seed(0)
    T5EncoderModel(T5Config(vocab_size=40, d_model=20, d_kv=8, d_ff=32, num_layers=2, num_heads=2)).half().save_pretrained(folder / "text_encoder")
    model = PixArtTransformer2DModel(
        num_attention_heads=3, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=1, cross_attention_dim=24, caption_channels=20,
        sample_size=8, use_additional_conditions=sizes,
    ).half()  # fmt: skip
    model.save_pretrained(folder / "transformer")
    assert all(graph.difference < 1e-5 for graph in export(folder))
    session = onnxruntime.InferenceSession(str(folder / "transformer/model.onnx"))
    names = ["hidden_states", "encoder_hidden_states", "timestep", "encoder_attention_mask", *(["resolution", "aspect_ratio"] if sizes else [])]
    assert [value.name for value in session.get_inputs()] == names
    generator = torch.Generator().manual_seed(1)
    inputs = {
        "hidden_states": torch.randn(1, 4, 12, 6, generator=generator), "encoder_hidden_states": torch.randn(1, 5, 20, generator=generator),
        "timestep": torch.tensor([400.0]), "encoder_attention_mask": torch.tensor([[1, 1, 1, 0, 0]]),
        "resolution": torch.tensor([[96.0, 48.0]]), "aspect_ratio": torch.tensor([[2.0]]),
    }  # fmt: skip
    added = {"resolution": inputs["resolution"], "aspect_ratio": inputs["aspect_ratio"]}
    with torch.no_grad():
        expected = (
            model.float()
            .eval()(
                inputs["hidden_states"],
                inputs["encoder_hidden_states"],
                inputs["timestep"],
                added,
                encoder_attention_mask=inputs["encoder_attention_mask"],
            )
            .sample.numpy()
        )
    found = session.run(None, {name: inputs[name].numpy() for name in names})[0]
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.ptp(expected))
