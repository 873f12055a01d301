"""EfficientNet-Lite0: no squeeze-and-excitation, ReLU6 instead of swish.

M. Tan and Q. Le, ICML 2019, arXiv 1905.11946, Table 1, simplified for integer hardware by
tensorflow/tpu (models/official/efficientnet/lite). Parameter names are those of timm's
``tf_efficientnet_lite0``, and so is the padding: as TensorFlow does it, more at the far side.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

# blocks, channels, kernel, stride of the first block, expansion
_STAGES = (
    (1, 16, 3, 1, 1),
    (2, 24, 3, 2, 6),
    (2, 40, 5, 2, 6),
    (3, 80, 3, 2, 6),
    (3, 112, 5, 1, 6),
    (4, 192, 5, 2, 6),
    (1, 320, 3, 1, 6),
)


class SameConv2d(nn.Conv2d):
    """A convolution that makes ceil(size / stride) pixels, padded as TensorFlow pads."""

    def forward(self, images: Tensor) -> Tensor:
        """Return feature maps."""
        reach, stride = self.kernel_size[0], self.stride[0]
        totals = [max((-(-n // stride) - 1) * stride + reach - n, 0) for n in images.shape[2:]]
        if all(total % 2 == 0 for total in totals):
            padding = (totals[0] // 2, totals[1] // 2)
        else:
            (top, bottom), (left, right) = ((t // 2, t - t // 2) for t in totals)
            images, padding = functional.pad(images, (left, right, top, bottom)), (0, 0)
        return functional.conv2d(
            images, self.weight, None, self.stride, padding, groups=self.groups
        )


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    return SameConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)


def _norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=1e-3)


class Separable(nn.Module):
    """A depthwise and a pointwise convolution."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = _conv(inputs, inputs, kernel, stride, inputs)
        self.bn1 = _norm(inputs)
        self.act1 = nn.ReLU6()
        self.conv_pw = _conv(inputs, outputs, 1)
        self.bn2 = _norm(outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Return feature maps."""
        return self.bn2(self.conv_pw(self.act1(self.bn1(self.conv_dw(images)))))


class InvertedResidual(nn.Module):
    """A widening, a depthwise and a narrowing convolution, beside a shortcut where shapes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.conv_pw = _conv(inputs, width, 1)
        self.bn1 = _norm(width)
        self.act1 = nn.ReLU6()
        self.conv_dw = _conv(width, width, kernel, stride, width)
        self.bn2 = _norm(width)
        self.act2 = nn.ReLU6()
        self.conv_pwl = _conv(width, outputs, 1)
        self.bn3 = _norm(outputs)
        self.has_shortcut = stride == 1 and inputs == outputs

    def forward(self, images: Tensor) -> Tensor:
        """Return feature maps."""
        maps = self.act1(self.bn1(self.conv_pw(images)))
        maps = self.act2(self.bn2(self.conv_dw(maps)))
        maps = self.bn3(self.conv_pwl(maps))
        return maps + images if self.has_shortcut else maps


class EfficientNetLite0(nn.Module):
    """Stem, seven stages, head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = _conv(3, 32, 3, 2)
        self.bn1 = _norm(32)
        self.act1 = nn.ReLU6()
        stages, channels = [], 32
        for blocks, outputs, kernel, stride, expansion in _STAGES:
            stage: list[nn.Module] = []
            for place in range(blocks):
                step = stride if place == 0 else 1
                if expansion == 1:
                    stage.append(Separable(channels, outputs, kernel, step))
                else:
                    stage.append(InvertedResidual(channels, outputs, kernel, step, expansion))
                channels = outputs
            stages.append(nn.Sequential(*stage))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = _conv(320, 1280, 1)
        self.bn2 = _norm(1280)
        self.act2 = nn.ReLU6()
        self.classifier = nn.Linear(1280, 1000)

    def forward(self, images: Tensor) -> Tensor:
        """Return class scores, batch x 1000, of images, batch x 3 x 224 x 224."""
        maps = self.blocks(self.act1(self.bn1(self.conv_stem(images))))
        maps = self.act2(self.bn2(self.conv_head(maps)))
        return self.classifier(maps.mean((2, 3)))
