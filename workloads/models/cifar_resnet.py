"""Residual networks for CIFAR-10.

K. He et al., CVPR 2016, section 4.2, with shortcuts of option A: where a block halves the image
and doubles the channels, every other pixel is taken and channels of zeros are added, so that
shortcuts have no weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride = stride
        self.added = (outputs - inputs) // 2

    def forward(self, images: Tensor) -> Tensor:
        """Return the block's feature maps."""
        maps = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(images)))))
        return torch.relu(maps + self._shortcut(images))

    def _shortcut(self, images: Tensor) -> Tensor:
        if self.stride == 1:
            return images
        thinned = images[:, :, :: self.stride, :: self.stride]
        return functional.pad(thinned, (0, 0, 0, 0, self.added, self.added))


class CifarResNet(nn.Module):
    """A convolution, three stages of blocks, a linear."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, 1, blocks)
        self.layer2 = _stage(16, 32, 2, blocks)
        self.layer3 = _stage(32, 64, 2, blocks)
        self.linear = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return class scores, batch x 10, of images, batch x 3 x 32 x 32."""
        maps = torch.relu(self.bn1(self.conv1(images)))
        maps = self.layer3(self.layer2(self.layer1(maps)))
        return self.linear(maps.mean((2, 3)))


def _stage(inputs: int, outputs: int, stride: int, blocks: int) -> nn.Sequential:
    rest = (Block(outputs, outputs, 1) for _ in range(blocks - 1))
    return nn.Sequential(Block(inputs, outputs, stride), *rest)


def resnet20() -> nn.Module:
    """Return ResNet-20: 0.27 M parameters."""
    return CifarResNet(blocks=3)


def resnet32() -> nn.Module:
    """Return ResNet-32: 0.46 M parameters."""
    return CifarResNet(blocks=5)


def resnet44() -> nn.Module:
    """Return ResNet-44: 0.66 M parameters."""
    return CifarResNet(blocks=7)


def resnet56() -> nn.Module:
    """Return ResNet-56: 0.85 M parameters."""
    return CifarResNet(blocks=9)
