"""Small networks for handwritten digits."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn


def lenet5() -> nn.Module:
    """Return LeNet-5 for 32 x 32 images of one channel: 61,706 parameters.

    Y. LeCun et al., Proc. IEEE 86(11), 2278 (1998), Fig. 2. Departures, usual today: the second
    convolution sees all maps, subsampling has no weights, and the output layer is linear.
    """
    layers = {
        "c1": nn.Conv2d(1, 6, 5),
        "tanh1": nn.Tanh(),
        "s2": nn.AvgPool2d(2),
        "c3": nn.Conv2d(6, 16, 5),
        "tanh3": nn.Tanh(),
        "s4": nn.AvgPool2d(2),
        "flatten": nn.Flatten(),
        "c5": nn.Linear(16 * 5 * 5, 120),
        "tanh5": nn.Tanh(),
        "f6": nn.Linear(120, 84),
        "tanh6": nn.Tanh(),
        "output": nn.Linear(84, 10),
    }
    return nn.Sequential(OrderedDict(layers))


class MnistCnn(nn.Module):
    """Two convolutions and two linears for 28 x 28 images of one channel: 421,642 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, images: Tensor) -> Tensor:
        """Return class scores, batch x 10, of images, batch x 1 x 28 x 28."""
        return self.classifier(self.features(images).flatten(1))


class DigitsCnn(nn.Module):
    """Three convolutions and a linear for 8 x 8 images of one channel: 19,258 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 32, 3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(32 * 4 * 4, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return class scores, batch x 10, of images, batch x 1 x 8 x 8."""
        return self.classifier(self.features(images).flatten(1))
