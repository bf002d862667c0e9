# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Measures a text-to-video folder on held-out moving scenes: what moves how and where, how near the clips are to renders, how steady they are.

Writes ``figures.json``, ``sheet.png`` (frames of the first clips) and ``clip.webp`` (four of them, moving). Subject and setting are the judge's, in
the frame in which it is surest; the motion is the judge of motion's.
"""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch.nn import functional as F
from transformers import CLIPModel, CLIPTokenizer

from darkroom_training.clip import embed_images, embed_texts
from darkroom_training.clips import FIRST_CLIP_VALIDATION_SEED, FRAME_RATE, FRAMES, clip, numbered_clip
from darkroom_training.evaluate_interpolation import held_out_motions
from darkroom_training.figures import Figures, file_digest
from darkroom_training.generated import Generator, Sampling
from darkroom_training.judge import Judge, answers, load_judge
from darkroom_training.motion_judge import MotionJudge, load_motion_judge, seen
from darkroom_training.picture_cache import PictureCache, model_digest
from darkroom_training.pictures import to_tensor
from darkroom_training.shares import counted
from darkroom_training.sheets import save_png, sheet
from darkroom_training.validation import reconstructions
from darkroom_training.world import Scene, caption, held_out

FIRST_SEED = 1000  # of the noise: clip i has FIRST_SEED + i
BATCH = 4  # clips at a time
SHEET_BYTES = 500_000
SHEET_FRAMES = (0, 4, 8, 12, 15)
SHOWN = ("a rocket flying up in space", "a cat bouncing on a beach", "a fox moving right in the snow", "a ball spinning in a meadow")


@torch.inference_mode()
def surest_frames(judge: Judge, clips: np.ndarray) -> np.ndarray:
    """Takes from each clip (N, F, H, W, 3) the frame in which the judge is surest of the subject, whichever it is."""
    return np.stack([frames[int(F.softmax(judge(to_tensor(frames))["first"], 1).amax(1).argmax())] for frames in clips])


def shares(judge: Judge, motions: list[str | None], scenes: list[Scene], clips: np.ndarray) -> dict[str, dict]:
    found = answers(judge, surest_frames(judge, clips))
    right = {
        "subject": [scene.subject in (one["first"], one["second"]) for scene, one in zip(scenes, found, strict=True)],
        "setting": [one["setting"] == scene.setting for scene, one in zip(scenes, found, strict=True)],
        "motion": [motion == scene.motion for scene, motion in zip(scenes, motions, strict=True)],
    }
    right["everything"] = [all(answers_) for answers_ in zip(*right.values(), strict=True)]
    return {name: counted(values).figures() for name, values in right.items()}


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    """Frechet distance of Gaussians fitted to two sets of features (Heusel et al. 2017, equation 6), float64."""
    sigma_x, sigma_y = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    values = np.linalg.eigvals(sigma_x @ sigma_y)
    trace = float(np.sqrt(np.clip(values.real, 0, None)).sum())
    return float(np.square(x.mean(0) - y.mean(0)).sum() + np.trace(sigma_x) + np.trace(sigma_y) - 2 * trace)


def frozen(clips: np.ndarray) -> np.ndarray:
    return np.repeat(clips[:, :1], clips.shape[1], 1)


def shuffled(clips: np.ndarray) -> np.ndarray:
    return clips[:, np.random.default_rng(0).permutation(clips.shape[1])]


def steadiness(model: CLIPModel, tokenizer: CLIPTokenizer, captions: list[str], clips: np.ndarray) -> dict[str, float]:
    """Mean cosine of neighbouring frames' embeddings (VBench's consistency, on pocket-clip), CLIPScore (Hessel et al. 2021) over all frames, and
    the mean difference of neighbouring frames in levels of 0 to 255."""
    frames = embed_images(model, clips.reshape(-1, *clips.shape[2:])).reshape(*clips.shape[:2], -1)
    texts = embed_texts(model, tokenizer, captions)
    return {
        "frame consistency": float((frames[:, 1:] * frames[:, :-1]).sum(-1).mean()),
        "clip score": float(2.5 * np.maximum((frames * texts[:, None]).sum(-1), 0).mean()),
        "frame difference": float(np.abs(np.diff(clips.astype(np.int16), axis=1)).mean()),
    }


def fresh_scenes(count: int) -> list[Scene]:
    """Scenes of the validation range other than those that are asked for."""
    scenes, seed = [], FIRST_CLIP_VALIDATION_SEED + 50_000_000
    while len(scenes) < count:
        scene = numbered_clip(seed)
        if scene.motion and held_out(scene):
            scenes.append(scene)
        seed += 1
    return scenes


def animated(clips: np.ndarray, file: Path, side=128):
    """Writes clips beside each other as an endless animation."""
    frames = [Image.fromarray(np.concatenate(list(clips[:, i]), 1)) for i in range(clips.shape[1])]
    frames = [frame.resize((side * len(clips), side), Image.LANCZOS) for frame in frames]
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=round(1000 / FRAME_RATE), loop=0, quality=80)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-evaluate-video", description="Measures a text-to-video folder with the judges and pocket-clip.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judge", type=Path, required=True, help="weights from darkroom-train-judge")
    parser.add_argument("--motion-judge", type=Path, required=True, help="weights from darkroom-train-motion-judge")
    parser.add_argument("--clip", type=Path, default=Path("models/pocket-clip"))
    parser.add_argument("--output", type=Path, default=Path("build/evaluated/pocket-video"))
    parser.add_argument("--cache", type=Path, default=Path("build/generated"), help="where clips are kept")
    parser.add_argument("--clips", type=int, default=200, help="held-out prompts")
    parser.add_argument("--fresh", type=int, default=600, help="renders of other held-out scenes that the distances are to")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the networks but the VAE")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    scenes = [scene for _, scene in held_out_motions(a.clips)]
    captions, sampling = [caption(scene) for scene in scenes], Sampling.of(a.folder, a.dtype)
    with Generator(a.folder, PictureCache(a.cache), a.processes, BATCH) as generate:
        figures = Figures(
            a.output, generate.digest, **asdict(sampling), clips=a.clips, fresh=a.fresh, judge_digest=file_digest(a.judge),
            motion_judge_digest=file_digest(a.motion_judge), clip_digest=model_digest(a.clip), frames=FRAMES,
        )  # fmt: skip
        shown = generate(SHOWN, range(1, 1 + len(SHOWN)), sampling, "sheet")
        made = generate(captions, range(FIRST_SEED, FIRST_SEED + a.clips), sampling, "clips")
    animated(shown, a.output / "clip.webp")
    pages = np.concatenate([shown, made[:8]])[:, SHEET_FRAMES]
    words = [f"{text} ({frame})" for text in [*SHOWN, *captions[:8]] for frame in SHEET_FRAMES]
    save_png(sheet(pages.reshape(-1, *pages.shape[2:]), words, columns=len(SHEET_FRAMES)), a.output / "sheet.png", SHEET_BYTES)
    drawn = np.stack([clip(scene) for scene in scenes])
    vae = AutoencoderKL.from_pretrained(a.folder / "vae").float().eval()
    restored = np.stack([reconstructions(vae, frames) for frames in drawn])
    sets = {"generated": made, "VAE reconstructions": restored, "renders": drawn}
    measure(a, figures, scenes, captions, sets)
    print(json.dumps(figures.values, indent=1))


def measure(a: argparse.Namespace, figures: Figures, scenes: list[Scene], captions: list[str], sets: dict[str, np.ndarray]):
    judge, motion_judge = load_judge(a.judge), load_motion_judge(a.motion_judge)
    model, tokenizer = CLIPModel.from_pretrained(a.clip).float().eval(), CLIPTokenizer.from_pretrained(a.clip)
    fresh = np.stack([clip(scene) for scene in fresh_scenes(a.fresh)])
    _, fresh_features = seen(motion_judge, fresh)
    fresh_frames = embed_images(model, fresh[:, FRAMES // 2])
    figures.put("shares", {name: shares(judge, seen(motion_judge, clips)[0], scenes, clips) for name, clips in sets.items()})
    figures.put("by motion", by_motion(motion_judge, scenes, sets["generated"]))
    figures.put("steadiness", {name: steadiness(model, tokenizer, captions, clips) for name, clips in sets.items()})
    broken = {"generated, frozen": frozen(sets["generated"]), "generated, shuffled": shuffled(sets["generated"])}
    figures.put("distances", {
        name: {
            "FVD": frechet(seen(motion_judge, clips)[1], fresh_features),
            "frame FID": frechet(embed_images(model, clips[:, FRAMES // 2]), fresh_frames),
        }
        for name, clips in (sets | broken).items()
    })  # fmt: skip


def by_motion(judge: MotionJudge, scenes: list[Scene], clips: np.ndarray) -> dict[str, dict]:
    motions, _ = seen(judge, clips)
    asked = sorted({scene.motion for scene in scenes})
    return {
        motion: counted([found == motion for found, scene in zip(motions, scenes, strict=True) if scene.motion == motion]).figures()
        for motion in asked
    }


if __name__ == "__main__":
    main()
