"""SqueezeNet 1.1 without dropout, which does nothing in evaluation.

F. Iandola et al., arXiv 1602.07360, in the form that its authors released later: a smaller first
convolution and earlier pooling. Parameter names are those of torchvision's ``squeezenet1_1``.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn


class Fire(nn.Module):
    """A narrowing convolution, then one of 1 x 1 and one of 3 x 3 side by side."""

    def __init__(self, inputs: int, narrow: int, outputs: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, narrow, 1)
        self.squeeze_activation = nn.ReLU()
        self.expand1x1 = nn.Conv2d(narrow, outputs // 2, 1)
        self.expand1x1_activation = nn.ReLU()
        self.expand3x3 = nn.Conv2d(narrow, outputs // 2, 3, padding=1)
        self.expand3x3_activation = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        """Return feature maps, those of the 1 x 1 convolution first."""
        maps = self.squeeze_activation(self.squeeze(images))
        near = self.expand1x1_activation(self.expand1x1(maps))
        return torch.cat((near, self.expand3x3_activation(self.expand3x3(maps))), 1)


class SqueezeNet(nn.Module):
    """A convolution, eight fire modules, a convolution to the classes: 1.24 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, 2),
            nn.ReLU(),
            _pool(),
            Fire(64, 16, 128),
            Fire(128, 16, 128),
            _pool(),
            Fire(128, 32, 256),
            Fire(256, 32, 256),
            _pool(),
            Fire(256, 48, 384),
            Fire(384, 48, 384),
            Fire(384, 64, 512),
            Fire(512, 64, 512),
        )
        # The weights call this convolution 1, because dropout is 0.
        self.classifier = nn.Sequential(OrderedDict({"1": nn.Conv2d(512, 1000, 1), "2": nn.ReLU()}))

    def forward(self, images: Tensor) -> Tensor:
        """Return class scores, batch x 1000, of images, batch x 3 x height x width."""
        return self.classifier(self.features(images)).mean((2, 3))


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)
