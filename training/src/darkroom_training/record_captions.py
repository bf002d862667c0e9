# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes captioner folders with seeded weights, and what transformers' ``generate`` and tokenizer make of them.

    inference/src/test/resources/captioners.zip        folders, in the layouts that exports have:
        vit-gpt2           decoder_model and decoder_with_past_model, with the encoder's keys and values
        vit-gpt2-merged    decoder_model_merged as Optimum writes it for GPT-2: cross-attention is computed again for every token
        vit-gpt2-uncached  decoder_model alone, without keys and values
        vit-trocr          decoder_model_merged as Optimum writes it for BART and TrOCR
    inference/src/test/resources/golden/captions.json.gz   token ids and scores of greedy and beam search, filtered probabilities of sampling, tokenizer

Run as ``python -m darkroom_training.record_captions`` from the root of the repository. Every case is generated three times, with pixels that are a millionth
brighter and darker too; where that changes a token, it is a tie that rounding decides, and the case is left out and counted.
"""

import gzip
import io
import json
import random
import shutil
import tempfile
import zipfile
from pathlib import Path

import onnx
import torch
import transformers
from onnx import TensorProto, helper
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from transformers import (
    GenerationConfig,
    GPT2Config,
    GPT2TokenizerFast,
    TrOCRConfig,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessor,
)
from transformers.cache_utils import DynamicCache, EncoderDecoderCache

from darkroom_training.caption_graphs import CaptionDecoder, caption_graphs, filled_cache, keys_and_values
from darkroom_training.export import Graph, point_into, traced, weight_files, write
from darkroom_training.record_clip import picture

RESOURCES = Path("inference/src/test/resources")
SIZES = ((24, 24), (64, 64), (50, 37), (37, 91), (200, 160), (9, 13))
TEXTS = (
    "a red fox in the snow", " a red fox", "two pandas, at night!", "it's the fox's snow", "", "  two  spaces ", "na\u00efve caf\u00e9", "\U0001f98a fox",
    "tab\tand\nline", "<|endoftext|>a fox<|endoftext|>", "x" * 60, "UPPER Case 123", "\u72d0\u72f8",
)  # fmt: skip
CASES = 200


def tokenizer(folder: Path) -> GPT2TokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    words = ["a red fox in the snow", "two pandas in a forest at night", "a blue car on the beach", "the fox and the panda", "a small boat on the ocean"]
    special = ["<|endoftext|>", "<pad>"]
    bpe.train_from_iterator(
        words * 3, trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    )
    end = "<|endoftext|>"
    fast = GPT2TokenizerFast(tokenizer_object=bpe, bos_token=end, eos_token=end, unk_token=end, pad_token="<pad>")
    fast.save_pretrained(folder)
    for file in ("vocab.json", "merges.txt"):
        (folder / file).unlink(missing_ok=True)
    return fast


def captioner(kind: str, words: GPT2TokenizerFast, folder: Path) -> VisionEncoderDecoderModel:
    torch.manual_seed(5)
    vision = ViTConfig(hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=24, patch_size=8)
    ids = {"bos_token_id": words.eos_token_id, "eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id}
    if kind == "gpt2":
        text = GPT2Config(vocab_size=len(words), n_positions=32, n_embd=32, n_layer=2, n_head=2, add_cross_attention=True, is_decoder=True, **ids)
    else:
        text = TrOCRConfig(
            vocab_size=len(words), d_model=32, decoder_layers=2, decoder_attention_heads=2, decoder_ffn_dim=64, max_position_embeddings=32,
            cross_attention_hidden_size=24, decoder_start_token_id=words.eos_token_id, scale_embedding=True, **ids,
        )  # fmt: skip
    model = VisionEncoderDecoderModel(VisionEncoderDecoderConfig.from_encoder_decoder_configs(vision, text)).eval()
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            embeds = "wte" in name or "embed_tokens" in name or "output_projection" in name
            parameter.data *= 20 if embeds else 12 if "decoder" in name else 6  # otherwise every picture gets the same words
    model.config.decoder_start_token_id = words.eos_token_id
    model.config.pad_token_id, model.config.eos_token_id = words.pad_token_id, words.eos_token_id
    model.config.vocab_size = len(words)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=words.eos_token_id, pad_token_id=words.pad_token_id, eos_token_id=words.eos_token_id, max_length=12, num_beams=3
    )
    model.half().save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    ViTImageProcessor(size={"height": 24, "width": 24}).save_pretrained(folder)
    return VisionEncoderDecoderModel.from_pretrained(folder, attn_implementation="eager").float().eval()


class First(CaptionDecoder):
    """The branch without a past; ``crossed``: gives the encoder's keys and values too."""

    def __init__(self, model: VisionEncoderDecoderModel, crossed: bool, cached: bool = True):
        super().__init__(model)
        self.crossed, self.cached = crossed, cached

    def forward(self, input_ids, encoder_hidden_states):
        logits, *present = super().forward(input_ids, encoder_hidden_states)
        own, other = present[: len(present) // 2], present[len(present) // 2 :]
        return logits, *(own if self.cached else []), *(other if self.crossed else [])


class Further(nn.Module):
    """The branch with a past of its own, and, if ``crossed``, the encoder's keys and values."""

    def __init__(self, model: VisionEncoderDecoderModel, crossed: bool):
        super().__init__()
        self.decoder, self.crossed = model.decoder, crossed
        self.masked = model.config.decoder.model_type != "trocr"

    def forward(self, input_ids, encoder_hidden_states, *past):
        own = past[: len(past) // 2] if self.crossed else past
        mask = torch.zeros(1, 1, 1, 1).expand(input_ids.shape[0], 1, 1, own[0].shape[2] + 1)
        cache = EncoderDecoderCache(filled_cache(own), filled_cache(past[len(past) // 2 :]) if self.crossed else DynamicCache())
        logits = self.decoder(
            input_ids, attention_mask=mask if self.masked else None, encoder_hidden_states=encoder_hidden_states, past_key_values=cache, use_cache=True
        ).logits  # fmt: skip
        return logits, *keys_and_values(cache.self_attention_cache)


def names(prefix: str, layers: int, role: str) -> list[str]:
    return [f"{prefix}.{layer}.{role}{part}" for layer in range(layers) for part in ("key", "value")]


def branch(model: onnx.ModelProto, prefix: str, outputs: list[str], extra: list[onnx.NodeProto]) -> tuple[onnx.GraphProto, list[TensorProto]]:
    """A traced graph as a branch of an If: parameters keep their names, everything else gets a prefix; inputs come from outside."""
    kept = {value.name for value in model.graph.input} | {tensor.name for tensor in model.graph.initializer if not tensor.name.startswith("onnx::")}
    kept.add("")

    def renamed(name: str) -> str:
        return name if name in kept else prefix + name

    for node in model.graph.node:
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
    for tensor in model.graph.initializer:
        tensor.name = renamed(tensor.name)
    shapes = {value.name: value for value in model.graph.output}
    values = []
    for name in outputs:
        value = onnx.ValueInfoProto()
        value.CopyFrom(shapes[name] if name in shapes else helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4))
        value.name = prefix + name
        values.append(value)
    return helper.make_graph([*model.graph.node, *extra], prefix, [], values), list(model.graph.initializer)


def merged(model: VisionEncoderDecoderModel, crossed: bool, folder: Path):
    """Writes decoder_model_merged.onnx: an If on use_cache_branch, initializers outside of it, dummies for the encoder's keys and values."""
    config = model.config.decoder
    states = torch.randn(2, 10, config.cross_attention_hidden_size if crossed else config.hidden_size, generator=torch.Generator().manual_seed(0))
    ids = torch.randint(config.vocab_size, (2, 5), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        _, *present = First(model, crossed)(ids, states)
    layers = len(present) // (4 if crossed else 2)
    roles = ("decoder.", "encoder.") if crossed else ("",)
    outputs = [name for role in roles for name in names("present", layers, role)]
    pasts = [name for role in roles for name in names("past_key_values", layers, role)]
    batch, tokens = {0: "batch_size"}, {0: "batch_size", 1: "sequence_length"}
    lengths = {"decoder.": "past_sequence_length", "": "past_sequence_length", "encoder.": "encoder_sequence_length_out"}
    past_axes = {name: {**batch, 2: lengths[role]} for role in roles for name in names("past_key_values", layers, role)}
    axes = {"input_ids": tokens, "encoder_hidden_states": {**batch, 1: "encoder_sequence_length"}, "logits": tokens}
    first = traced(Graph(folder, First(model, crossed), {"input_ids": ids, "encoder_hidden_states": states}, axes, ["logits", *outputs]))
    further_inputs = {"input_ids": ids[:, :1], "encoder_hidden_states": states, **dict(zip(pasts, present, strict=True))}
    own = outputs[: 2 * layers]
    further = traced(Graph(folder, Further(model, crossed), further_inputs, {**axes, **past_axes}, ["logits", *own]))
    heads, width = present[0].shape[1], present[0].shape[3]
    zeros = helper.make_tensor("zeros", TensorProto.FLOAT, [0, heads, 1, width], [])
    dummies = [helper.make_node("Constant", [], [f"further/{name}"], value=zeros) for name in outputs[2 * layers :]]
    past_branch, past_values = branch(further, "further/", ["logits", *outputs], dummies)
    first_branch, first_values = branch(first, "first/", ["logits", *outputs], [])
    choice = helper.make_node("If", ["use_cache_branch"], ["logits", *outputs], then_branch=past_branch, else_branch=first_branch)

    def value(name: str, *shape, kind=TensorProto.FLOAT):
        return helper.make_tensor_value_info(name, kind, shape)

    wide = [value("encoder_hidden_states", "batch_size", "encoder_sequence_length", states.shape[2])]
    inputs = [value("input_ids", "batch_size", "sequence_length", kind=TensorProto.INT64), *wide]
    inputs += [value(name, "batch_size", heads, past_axes[name][2], width) for name in pasts]
    inputs.append(value("use_cache_branch", 1, kind=TensorProto.BOOL))
    results = [value("logits", "batch_size", "sequence_length", config.vocab_size)]
    results += [value(name, "batch_size", heads, "length", width) for name in outputs]
    initializers = {tensor.name: tensor for tensor in (*first_values, *past_values)}
    graph = helper.make_graph([choice], "merged", inputs, results, list(initializers.values()))
    model_proto = helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    point_into(model_proto, weight_files(folder)[0])
    (folder / "decoder_model_merged.onnx").write_bytes(model_proto.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(folder / "decoder_model_merged.onnx"))


def uncached(model: VisionEncoderDecoderModel, folder: Path):
    states = torch.randn(2, 10, model.config.decoder.hidden_size, generator=torch.Generator().manual_seed(0))
    axes = {"input_ids": {0: "batch_size", 1: "sequence_length"}, "encoder_hidden_states": {0: "batch_size", 1: "encoder_sequence_length"}}
    axes["logits"] = axes["input_ids"]
    inputs = {"input_ids": torch.tensor([[1, 2, 3], [4, 5, 6]]), "encoder_hidden_states": states}
    proto = traced(Graph(folder, First(model, False, cached=False), inputs, axes, ["logits"]))
    point_into(proto, weight_files(folder)[0])
    (folder / "decoder_model.onnx").write_bytes(proto.SerializeToString(deterministic=True))


def folders(root: Path) -> tuple[GPT2TokenizerFast, dict[str, VisionEncoderDecoderModel]]:
    gpt2, trocr = root / "vit-gpt2", root / "vit-trocr"
    words = tokenizer(gpt2)
    tokenizer(trocr)
    made = {"vit-gpt2": captioner("gpt2", words, gpt2), "vit-trocr": captioner("trocr", words, trocr)}
    for other in ("vit-gpt2-merged", "vit-gpt2-uncached"):
        shutil.copytree(gpt2, root / other)
    for graph in caption_graphs(gpt2):
        write(*graph)
    write(*next(caption_graphs(trocr)))
    for other in ("vit-gpt2-merged", "vit-gpt2-uncached"):
        shutil.copy(gpt2 / "encoder_model.onnx", root / other)
    fused = VisionEncoderDecoderModel.from_pretrained(gpt2, attn_implementation="sdpa").float().eval()
    merged(fused, False, root / "vit-gpt2-merged")
    uncached(fused, root / "vit-gpt2-uncached")
    merged(made["vit-trocr"], True, trocr)
    return words, made


def settings(draw: random.Random, words: GPT2TokenizerFast) -> dict:
    """The arguments of one call; what is not there is the folder's."""
    beams = draw.choice([1, 1, 2, 3, 3, 4, 5])
    longest = draw.choice([1, 2, 6, 10, 14])
    given = {"num_beams": beams, "max_new_tokens": longest}
    options = {
        "no_repeat_ngram_size": [1, 2, 3], "repetition_penalty": [1.3, 0.8, 2.0], "min_new_tokens": [1, min(4, longest), longest],
        "eos_token_id": [sorted(draw.sample(range(2, len(words)), count)) for count in (1, 4, 30, 60)],
        "forced_bos_token_id": [words.eos_token_id, 17], "forced_eos_token_id": [words.eos_token_id], "suppress_tokens": [draw.sample(range(2, len(words)), 40)],
        "begin_suppress_tokens": [draw.sample(range(len(words)), 60)], "bad_words_ids": [[[k] for k in draw.sample(range(2, len(words)), 30)] + [[7, 9], [11, 12, 13]]],
        "min_length": [5],
    }  # fmt: skip
    odds = {"eos_token_id": 0.75, "no_repeat_ngram_size": 0.35, "repetition_penalty": 0.35}
    for name, values in options.items():
        if draw.random() < odds.get(name, 0.1):
            given[name] = draw.choice(values)
    if "forced_bos_token_id" in given and "begin_suppress_tokens" in given:
        given.pop("begin_suppress_tokens")
    if beams > 1:
        given["length_penalty"] = draw.choice([-1.0, 0.0, 0.5, 1.0, 2.0])
        given["early_stopping"] = draw.choice([True, False, False, "never"])
        given["num_return_sequences"] = draw.choice([1, beams])
    return given


def generated(model: VisionEncoderDecoderModel, pixels: torch.Tensor, prompt: list[int], given: dict):
    with torch.no_grad():
        return model.generate(
            pixel_values=pixels, decoder_input_ids=torch.tensor([prompt]), return_dict_in_generate=True, output_scores=True, **given
        )  # fmt: skip


def new_tokens(sequence: list[int], prompt: list[int], ends: list[int]) -> list[int]:
    """What came after the prompt, to the end token and without padding."""
    tokens = sequence[len(prompt) :]
    for at, token in enumerate(tokens):
        if token in ends:
            return tokens[: at + 1]
    return tokens


def searches(name: str, model: VisionEncoderDecoderModel, pixels: dict, words: GPT2TokenizerFast) -> tuple[list[dict], int]:
    draw, found, ties = random.Random(name), [], 0
    start = model.generation_config.decoder_start_token_id
    while len(found) < CASES:
        size = draw.choice(SIZES)
        prompt = [start, *draw.choice([[], [], [], [70, 71], [40, 50, 60, 61]])]
        given = settings(draw, words)
        output = generated(model, pixels[size], prompt, given)
        ends = given.get("eos_token_id", [words.eos_token_id])
        tokens = [new_tokens(sequence, prompt, ends) for sequence in output.sequences.tolist()]
        again = [generated(model, pixels[size] * (1 + change), prompt, given).sequences.tolist() for change in (1e-6, -1e-6)]
        if any(tokens != [new_tokens(sequence, prompt, ends) for sequence in sequences] for sequences in again):
            ties += 1
            continue
        scores = [] if given["num_beams"] == 1 else output.sequences_scores.tolist()
        if any(score < -1e8 for score in scores):  # places for captions that were never found
            continue
        found.append({"folder": name, "width": size[0], "height": size[1], "prompt": prompt, "settings": given, "tokens": tokens, "scores": scores})
    return found, ties


def samples(name: str, model: VisionEncoderDecoderModel, pixels: dict) -> list[dict]:
    draw, found = random.Random(name), []
    start = model.generation_config.decoder_start_token_id
    for case in range(24):
        size = draw.choice(SIZES)
        given = {"temperature": draw.choice([0.5, 1.0, 1.7]), "top_k": draw.choice([3, 8, 20]), "top_p": draw.choice([0.3, 0.8, 0.95, 1.0])}
        if case % 3 == 0:
            given |= {"repetition_penalty": 1.4, "no_repeat_ngram_size": 2}
        torch.manual_seed(case)
        output = generated(model, pixels[size], [start], given | {"do_sample": True, "num_beams": 1, "max_new_tokens": 5, "min_new_tokens": 5})
        tokens = output.sequences[0].tolist()
        steps = []
        for step, scores in enumerate(output.scores):
            probabilities = scores[0].softmax(dim=0)
            kept = probabilities.nonzero()[:, 0].tolist()
            steps.append({"tokens": tokens[1 : step + 1], "ids": kept, "probabilities": [float(probabilities[i]) for i in kept]})
        found.append({"folder": name, "width": size[0], "height": size[1], "settings": given, "steps": steps})
    return found


def zipped(root: Path, file: Path):
    """The same bytes for the same files."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                archive.writestr(zipfile.ZipInfo(str(path.relative_to(root))), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def main():
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        words, made = folders(root)
        zipped(root, RESOURCES / "captioners.zip")
        transformers.logging.set_verbosity_error()
        processor = ViTImageProcessor.from_pretrained(root / "vit-gpt2")
        pixels = {size: processor(picture(*size), return_tensors="pt")["pixel_values"] for size in SIZES}
        found = {name: searches(name, model, pixels, words) for name, model in made.items()}
        golden = {
            "script": "training/src/darkroom_training/record_captions.py",
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
            "ties": {name: ties for name, (_, ties) in found.items()},
            "searches": [case for cases, _ in found.values() for case in cases],
            "samples": [case for name, model in made.items() for case in samples(name, model, pixels)],
            "texts": [
                {"text": text, "ids": ids, "decoded": words.decode(ids, skip_special_tokens=True)} for text in TEXTS for ids in [words(text)["input_ids"]]
            ],
        }
        print({name: ties for name, (_, ties) in found.items()}, len(golden["searches"]))
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as stream:
            stream.write(json.dumps(golden).encode())
        (RESOURCES / "golden/captions.json.gz").write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main()
