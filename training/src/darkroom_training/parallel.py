# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the networks of a task in several processes over shared weights, for so many minutes; goes on where it was when started again."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import multiprocessing, nn
from tqdm import tqdm

from darkroom_training import checkpoint
from darkroom_training.optimizers import Optimizer, Rates, shares
from darkroom_training.shared_weights import SharedWeights, slices

WARM_UP = 60  # steps


class Task(Protocol):
    """What is trained; it travels to the processes, so it must be picklable."""

    def networks(self) -> dict[str, nn.Module]:
        """Builds the networks that learn."""

    def batches(self, seed: int) -> Iterator[tuple]:
        """Draws batches without end; each process has its own lots."""

    def loss(self, networks: dict[str, nn.Module], batch: tuple) -> torch.Tensor: ...

    def save(self, networks: dict[str, nn.Module]):
        """Writes the model of the averaged weights."""


@dataclass(frozen=True)
class Run:
    """How long and how fast; ``final`` is the last share of the time, over which the rates fall to nothing."""

    state_file: Path
    minutes: float
    processes: int
    rates: Rates = field(default_factory=Rates)
    average: float = 0.998
    final: float = 0.5
    save_minutes: float = 3
    device: str = "cpu"

    def factor(self, step: int, share: float) -> float:
        return min(1, (step + 1) / WARM_UP, max(0, 1 - share) / self.final)


def train(task: Task, run: Run):
    """Starts the run, or goes on from its state file, in as many processes as it says; on a GPU in this one."""
    networks = task.networks()
    layout = slices(networks)
    shared = SharedWeights(layout[-1].offset + layout[-1].length, run.processes, run.device)
    state = checkpoint.load(run.state_file)
    shared.restore(state["shared"]) if state else shared.fill(layout, networks)
    first = state["step"] if state else 0
    clock = torch.zeros(1, dtype=torch.float64).share_memory_()  # share of the time that has gone, the same for all
    barrier = multiprocessing.get_context("spawn").Barrier(run.processes)
    if run.processes == 1:
        _learn(0, task, run, shared, barrier, first, clock)
    else:
        multiprocessing.spawn(_learn, (task, run, shared, barrier, first, clock), nprocs=run.processes)


def _learn(process: int, task: Task, run: Run, shared: SharedWeights, barrier, first: int, clock: torch.Tensor):
    if run.processes > 1:
        torch.set_num_threads(1)
    torch.manual_seed(first * run.processes + process)
    networks = {name: network.to(run.device) for name, network in task.networks().items()}
    layout = slices(networks)
    shared.bind(layout, networks, process)
    optimizer = Optimizer(shared, shares(layout, run.processes)[process], run.rates)
    own = slice(process * len(shared.weights) // run.processes, (process + 1) * len(shared.weights) // run.processes)
    start, saved, smooth = time.monotonic(), 0.0, math.nan
    bar = tqdm(unit="step", initial=first, disable=process > 0, mininterval=5)
    for step, batch in enumerate(task.batches(first * run.processes + process), first):
        if process == 0:
            clock[0] = (time.monotonic() - start) / 60 / run.minutes
        barrier.wait()
        share = float(clock[0])
        if share >= 1 and step > first:
            break
        shared.gradients[process].zero_()
        loss = task.loss(networks, moved(batch, run.device))
        loss.backward()
        barrier.wait()
        optimizer.step(step + 1, run.factor(step - first, share))
        barrier.wait()
        shared.average[own].lerp_(shared.weights[own], 1 - min(run.average, (step + 1) / (step + 20)))
        smooth = loss.item() if math.isnan(smooth) else 0.98 * smooth + 0.02 * loss.item()
        bar.set_postfix(loss=f"{smooth:.4f}", left=f"{(1 - share) * run.minutes:.1f} min", refresh=False)
        bar.update()
        if process == 0 and time.monotonic() - start - saved > 60 * run.save_minutes:
            saved = time.monotonic() - start
            _save(task, run, shared, step + 1)
    barrier.wait()
    if process == 0:
        _save(task, run, shared, step)


def moved(batch, device: str):
    """Brings the tensors of a batch, in tuples and dictionaries of them, to the device."""
    match batch:
        case torch.Tensor():
            return batch.to(device)
        case dict():
            return {name: moved(value, device) for name, value in batch.items()}
        case _:
            return tuple(moved(value, device) for value in batch)


def _save(task, run, shared, step):
    checkpoint.save(run.state_file, {"shared": shared.state(), "step": step})
    networks = task.networks()
    shared.show(slices(networks), networks, shared.average.cpu().clone())
    task.save(networks)
