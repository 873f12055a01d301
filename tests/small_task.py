"""A network that is small enough to evaluate in a moment, and files for it, as a user has them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

MODULE = """
import dataclasses
import sys

import torch
from torch import nn

from archsim import Task


class Small(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.head = nn.Linear(4 * 16, classes)

    def forward(self, images):
        return self.head(self.conv(images).relu().flatten(1))


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, ids):
        return self.head(self.table(ids).mean(1))


def prints():
    print("building")
    return Small()


def raises():
    raise RuntimeError("no [red] weights")


def exits():
    sys.exit(0)


def number():
    return 3


def task():
    torch.manual_seed(0)
    images = torch.rand(40, 1, 6, 6)
    return Task("mine", Small(), (images,), torch.arange(40) % 3, (images[:10],))


def prepares():
    return dataclasses.replace(task(), prepare=lambda images: (2 * images,))


def prepare_raises():
    return dataclasses.replace(task(), prepare=lambda images: 1 / 0)


def prepare_returns_a_tensor():
    return dataclasses.replace(task(), prepare=lambda images: images)


def prepare_exits():
    return dataclasses.replace(task(), prepare=lambda images: sys.exit(0))


def without_examples():
    return dataclasses.replace(task(), inputs=(torch.rand(0, 1, 6, 6),), targets=torch.zeros(0))


def without_tensors():
    return dataclasses.replace(task(), inputs=([1, 2],))


def without_metric():
    return dataclasses.replace(task(), metric="top5")


def out_of_vocabulary():
    ids = torch.arange(40)[:, None].expand(40, 5).contiguous()
    return Task("words", Words(), (ids,), torch.arange(40) % 3, (ids[:10],))
"""


def write_small_task(folder: Path) -> None:
    """Write the module ``small_nets``, weights and data, good and bad, into a folder."""
    (folder / "small_nets.py").write_text(MODULE)
    torch.manual_seed(0)
    weights = {
        "conv.weight": torch.randn(4, 1, 3, 3),
        "conv.bias": torch.zeros(4),
        "head.weight": torch.randn(3, 64) / 8,
        "head.bias": torch.zeros(3),
    }
    save_file(weights, folder / "good.safetensors")
    save_file(weights | {"head.bias": torch.full((3,), torch.nan)}, folder / "nan.safetensors")
    save_file({"fc.weight": torch.zeros(3, 3)}, folder / "foreign.safetensors")
    save_file(weights | {"head.weight": torch.zeros(5, 64)}, folder / "shape.safetensors")
    draws = np.random.default_rng(0)
    images, labels = draws.random((60, 1, 6, 6), dtype=np.float32), draws.integers(0, 3, 60)
    np.savez(folder / "good.npz", x=images, y=labels, x_calibration=images[:20])
    np.savez(folder / "uncalibrated.npz", x=images, y=labels)
    np.savez(folder / "labels.npz", x=images, y=labels + 1)
    np.savez(folder / "empty.npz", x=images[:0], y=labels[:0])
    np.savez(folder / "narrow.npz", x=images[:, :, :5], y=labels)
    np.savez(folder / "channels.npz", x=np.repeat(images, 3, axis=1), y=labels)
    np.savez(folder / "fewer.npz", x=images, y=labels[:50])


def forget_small_task() -> None:
    """Let the next test import its own."""
    sys.modules.pop("small_nets", None)
