# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""All parameters of some networks in one flat vector that several processes share.

On a CPU, two processes of one thread each train a small network faster than one process of two threads, above all on a busy machine: they
meet once per step rather than once per operation. Each process sums its gradients into its own row; each parameter is updated by one process.
Convolution kernels are held channels last, (out, height, width, in), in which CPU convolutions and Muon's matrices want them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Slice:
    """Where a parameter lies in the flat vector."""

    name: str
    shape: torch.Size
    offset: int
    length: int

    def of(self, flat: torch.Tensor) -> torch.Tensor:
        """Views the parameter in its own shape."""
        part = self.flat(flat)
        if len(self.shape) != 4:
            return part.view(self.shape)
        out, channels, height, width = self.shape
        return part.view(out, height, width, channels).permute(0, 3, 1, 2)

    def matrix(self, flat: torch.Tensor) -> torch.Tensor:
        """Views the parameter as (out, everything else)."""
        return self.flat(flat).view(self.shape[0], -1)

    def flat(self, flat: torch.Tensor) -> torch.Tensor:
        return flat[self.offset : self.offset + self.length]


def slices(networks: dict[str, nn.Module]) -> list[Slice]:
    """Lays the parameters of some networks that learn out one after the other; names are ``<network>.<parameter>``."""
    result, offset = [], 0
    for network, module in networks.items():
        for name, parameter in module.named_parameters():
            if not parameter.requires_grad:
                continue
            result.append(Slice(f"{network}.{name}", parameter.shape, offset, parameter.numel()))
            offset += parameter.numel()
    return result


class SharedWeights:
    """Weights, their moving average, the optimizers' moments (float32) and a row of gradients per process."""

    def __init__(self, size: int, processes: int, device: str):
        def zeros(*shape):
            values = torch.zeros(*shape, device=device)
            return values.share_memory_() if device == "cpu" else values

        self.weights, self.average, self.first_moment, self.second_moment = (zeros(size) for _ in range(4))
        self.gradients = zeros(processes, size)

    def fill(self, layout: Iterable[Slice], networks: dict[str, nn.Module]):
        """Copies the networks' parameters in, as weights and as their average."""
        parameters = {f"{network}.{name}": p for network, module in networks.items() for name, p in module.named_parameters()}
        for part in layout:
            part.of(self.weights).copy_(parameters[part.name].detach())
        self.average.copy_(self.weights)

    def bind(self, layout: Iterable[Slice], networks: dict[str, nn.Module], process: int):
        """Makes the networks' parameters and gradients views of the shared vectors."""
        for part, parameter in zip(layout, _parameters(networks), strict=True):
            parameter.data = part.of(self.weights)
            parameter.grad = part.of(self.gradients[process])

    def show(self, layout: Iterable[Slice], networks: dict[str, nn.Module], values: torch.Tensor):
        """Makes the networks' parameters views of ``values``: the weights, or their average."""
        for part, parameter in zip(layout, _parameters(networks), strict=True):
            parameter.data = part.of(values)

    def state(self) -> dict[str, torch.Tensor]:
        names = ("weights", "average", "first_moment", "second_moment")
        return {name: getattr(self, name).cpu().clone() for name in names}

    def restore(self, state: dict[str, torch.Tensor]):
        for name, values in state.items():
            getattr(self, name).copy_(values)


def _parameters(networks):
    return (parameter for module in networks.values() for parameter in module.parameters() if parameter.requires_grad)
