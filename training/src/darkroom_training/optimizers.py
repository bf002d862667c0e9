# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Muon (Jordan et al. 2024) for matrices and convolution kernels, AdamW (Loshchilov & Hutter 2019) for everything else, on flat vectors."""

from dataclasses import dataclass

import torch

from darkroom_training.shared_weights import SharedWeights, Slice

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5
MOMENTUM = 0.95
WEIGHT_DECAY = 0.01
BETAS = (0.9, 0.99)
LARGEST_NORM = 0.5  # of one process's share of the AdamW gradients
TOGETHER = 4  # matrices of one shape that are orthogonalized at once
NOT_MATRICES = (
    "embedding.", "embeddings.", "wte.", "wpe.", "conv_in", "conv_out", "time_emb", "heads.", "shared.", "attention_bias", "shift_table", "pos_embed",
    "transformer.proj_out",
)  # fmt: skip


def is_matrix(part: Slice) -> bool:
    return len(part.shape) >= 2 and not any(word in part.name for word in NOT_MATRICES)


def orthogonalized(matrices: torch.Tensor) -> torch.Tensor:
    """Moves the singular values of (N, rows, columns), rows <= columns, close to one by Newton-Schulz steps in bfloat16."""
    a, b, c = NEWTON_SCHULZ
    x = (matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.float()


def shares(layout: list[Slice], processes: int) -> list[list[Slice]]:
    """Deals the parameters out so that each process has about as much to orthogonalize; the rest goes round."""
    loads, dealt = [0] * processes, [[] for _ in range(processes)]
    for part in sorted(filter(is_matrix, layout), key=lambda part: (-_work(part), part.offset)):
        process = loads.index(min(loads))
        loads[process] += _work(part)
        dealt[process].append(part)
    for i, part in enumerate(part for part in layout if not is_matrix(part)):
        dealt[i % processes].append(part)
    return dealt


def _work(part):
    rows, columns = part.shape[0], part.length // part.shape[0]
    return min(rows, columns) ** 2 * max(rows, columns)


@dataclass(frozen=True)
class Rates:
    """Peak learning rates; Muon's is in AdamW's units, for its updates are scaled to the same root mean square (Liu et al. 2025)."""

    muon: float = 1.5e-3
    adam: float = 6e-4


class Optimizer:
    """Updates one process's share of the shared weights from the mean of all processes' gradients."""

    def __init__(self, shared: SharedWeights, share: list[Slice], rates: Rates):
        self.shared, self.rates = shared, rates
        self.rest = [part for part in share if not is_matrix(part)]
        self.groups = {}
        for part in filter(is_matrix, share):
            self.groups.setdefault((part.shape[0], part.length // part.shape[0]), []).append(part)

    @torch.no_grad()
    def step(self, number: int, factor: float):
        """Makes step ``number`` (from 1) with ``factor`` times the peak rates."""
        self._adam(number, self.rates.adam * factor)
        for parts in self.groups.values():
            for start in range(0, len(parts), TOGETHER):
                self._muon(parts[start : start + TOGETHER], self.rates.muon * factor)

    def _gradient(self, part):
        return self.shared.gradients[:, part.offset : part.offset + part.length].mean(0)

    def _adam(self, number, rate):
        gradients = [self._gradient(part) for part in self.rest]
        norm = sum(float(gradient.square().sum()) for gradient in gradients) ** 0.5
        for part, gradient in zip(self.rest, gradients, strict=True):
            gradient = gradient * min(1, LARGEST_NORM / (norm + 1e-9))
            first, second = part.flat(self.shared.first_moment), part.flat(self.shared.second_moment)
            first.lerp_(gradient, 1 - BETAS[0])
            second.lerp_(gradient.square(), 1 - BETAS[1])
            spread = (second / (1 - BETAS[1] ** number)).sqrt_().add_(1e-8)
            part.flat(self.shared.weights).addcdiv_(first / (1 - BETAS[0] ** number), spread, value=-rate)

    def _muon(self, parts, rate):
        rows, columns = parts[0].shape[0], parts[0].length // parts[0].shape[0]
        updates = torch.stack([self._nesterov(part).view(rows, columns) for part in parts])
        updates = orthogonalized(updates) if rows <= columns else orthogonalized(updates.mT).mT
        for part, update in zip(parts, updates, strict=True):
            part.matrix(self.shared.weights).mul_(1 - rate * WEIGHT_DECAY).add_(update, alpha=-rate * 0.2 * max(rows, columns) ** 0.5)

    def _nesterov(self, part):
        gradient, momentum = self._gradient(part), part.flat(self.shared.first_moment)
        momentum.lerp_(gradient, 1 - MOMENTUM)
        return gradient.lerp(momentum, MOMENTUM)
