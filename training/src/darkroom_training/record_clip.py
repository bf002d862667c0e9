# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a CLIP folder with seeded weights, and what Pillow and transformers make of a few pictures and texts.

    inference/src/test/resources/tiny-clip        transformers' folder, the graphs of darkroom-export, and a joint model.onnx as Optimum writes it
    inference/src/test/resources/golden/clip.json embeddings of unit length

Run as ``python -m darkroom_training.record_clip`` from the root of the repository, after ``record_graphs``, whose tokenizer it takes.
"""

import json
import shutil
from pathlib import Path

import PIL
import torch
import transformers
from torch import nn
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from darkroom_training.export import Graph, export, weight_files, write
from darkroom_training.record_pictures import ripples

RESOURCES = Path("inference/src/test/resources")
FOLDER = RESOURCES / "tiny-clip"
SIZES = ((24, 24), (64, 64), (50, 37), (37, 91), (200, 160), (9, 13))
TEXTS = ("a cat", "the fox in snow, the fox in snow and more of it", "", "FOX!")


class Joint(nn.Module):
    def __init__(self, model: CLIPModel):
        super().__init__()
        self.model = model

    def forward(self, input_ids, pixel_values, attention_mask):
        output = self.model(input_ids=input_ids, pixel_values=pixel_values, attention_mask=attention_mask)
        return output.logits_per_image, output.logits_per_text, output.text_embeds, output.image_embeds


def model(tokenizer: CLIPTokenizer) -> CLIPModel:
    torch.manual_seed(11)
    special = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    width = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**width, **special, "vocab_size": len(tokenizer), "max_position_embeddings": tokenizer.model_max_length},
        vision_config={**width, "image_size": 24, "patch_size": 8},
        projection_dim=12,
    )
    clip = CLIPModel(config).eval()
    for name, parameter in clip.named_parameters():
        if parameter.ndim > 1:
            parameter.data *= 4 if "embedding" in name else 2  # otherwise all pictures are nearly alike
    return clip


def folder() -> CLIPModel:
    shutil.rmtree(FOLDER, ignore_errors=True)
    tokenizer = CLIPTokenizer.from_pretrained(RESOURCES / "tiny/tokenizer")
    model(tokenizer).half().save_pretrained(FOLDER)
    (FOLDER / "model.safetensors").chmod(0o644)
    for file in sorted((RESOURCES / "tiny/tokenizer").iterdir()):
        shutil.copy(file, FOLDER)
    CLIPImageProcessor(size={"shortest_edge": 24}, crop_size={"height": 24, "width": 24}).save_pretrained(FOLDER)
    export(FOLDER)
    clip = CLIPModel.from_pretrained(FOLDER, attn_implementation="eager").float().eval()
    texts = tokenizer(["a fox", "the cat in snow"], padding="max_length", return_tensors="pt")
    pixels = torch.randn(2, 3, 24, 24, generator=torch.Generator().manual_seed(1))
    inputs = {"input_ids": texts.input_ids, "pixel_values": pixels, "attention_mask": texts.attention_mask}
    tokens, batch = {0: "text_batch_size", 1: "sequence_length"}, {0: "image_batch_size"}
    axes = {
        "input_ids": tokens, "pixel_values": batch, "attention_mask": tokens, "text_embeds": {0: "text_batch_size"}, "image_embeds": batch,
        "logits_per_image": {0: "image_batch_size", 1: "text_batch_size"}, "logits_per_text": {0: "text_batch_size", 1: "image_batch_size"},
    }  # fmt: skip
    outputs = ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"]
    write(Graph(FOLDER / "model.onnx", Joint(clip), inputs, axes, outputs), weight_files(FOLDER)[0])
    (FOLDER / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Seeded noise\n", encoding="utf-8")
    return clip


def unit(embeddings: torch.Tensor) -> list[float]:
    return [float(value) for value in nn.functional.normalize(embeddings[0].double(), dim=0)]


def main():
    clip = folder()
    tokenizer, processor = CLIPTokenizer.from_pretrained(FOLDER), CLIPImageProcessor.from_pretrained(FOLDER)
    with torch.no_grad():
        pictures = [
            {"width": w, "height": h, "embedding": unit(clip.get_image_features(**processor(ripples(w, h), return_tensors="pt")))} for w, h in SIZES
        ]
        texts = [
            {"text": text, "embedding": unit(clip.get_text_features(**tokenizer(text, padding="max_length", truncation=True, return_tensors="pt")))}
            for text in TEXTS
        ]
    golden = {
        "script": "training/src/darkroom_training/record_clip.py",
        "versions": {"pillow": PIL.__version__, "torch": torch.__version__, "transformers": transformers.__version__},
        "pictures": pictures,
        "texts": texts,
    }
    (RESOURCES / "golden/clip.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
