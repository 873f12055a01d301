"""Labelled images, and where on this computer they are.

``ARCHSIM_DATA`` names the folder that holds ``cifar10/``, ``imagenet/``, ``mnist/`` and ``text/``.
The digits come with scikit-learn and need no folder.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from archsim.errors import ConfigError
from archsim.functional.task import Examples

VARIABLE = "ARCHSIM_DATA"
_REMEDY = (
    f"set {VARIABLE} to the folder that has cifar10/, imagenet/, mnist/ and text/; see "
    "docs/data.md of the repository"
)
_CALIBRATION = 512  # of the training images, the first ones
_IMAGENET_CALIBRATION = 100  # of those that are learned from, the first ones
_IMAGENET_LEARNING = 300  # there are validation images only
_IMAGENET_IMAGES, _IMAGENET_SIZE = 1300, 227
_DIGITS_TRAINING = 1000
CIFAR10 = "cifar10/cifar10_test1000_train4000.npz"
MNIST = "mnist/mnist.npz"
IMAGENET_LABELS, IMAGENET_IMAGES = "imagenet/val1300_labels.csv", "imagenet/val1300"
_TRAINING_IMAGES = {"cifar10": 4000, "mnist": 60_000}


class Images(NamedTuple):
    """Images as stored, 0 to 255 (digits: 0 to 16).

    Attributes:
        inputs: Test images, N x channels x height x width, uint8.
        targets: Their N labels, int64.
        calibration: Images that set ranges, of the same kind as ``inputs``; the first of
            ``learning``.
        learning: Images to learn from, with labels; none of them is a test image.
    """

    inputs: Tensor
    targets: Tensor
    calibration: Tensor
    learning: Examples


class Digits(NamedTuple):
    """All of the digits: 1 x 8 x 8 images of 0 to 16, uint8, with labels, int64."""

    training: Tensor
    training_labels: Tensor
    test: Tensor
    test_labels: Tensor


def folder() -> Path:
    """Return the folder of all data.

    Raises:
        ConfigError: There is none.
    """
    given = os.environ.get(VARIABLE)
    if given is None:
        raise ConfigError(f"{VARIABLE}: found it unset; expected a folder of data; {_REMEDY}")
    if not given or not Path(given).is_dir():
        raise ConfigError(f"{VARIABLE}: found {given!r}, no folder; expected one; {_REMEDY}")
    return Path(given)


def file(name: str) -> Path:
    """Return a file or folder of the data by its path in there.

    Raises:
        ConfigError: It is missing.
    """
    path = folder() / name
    if not path.exists():
        raise ConfigError(f"{path}: found no such file; expected it for this task; {_REMEDY}")
    return path


def check(names: Sequence[str], modules: Sequence[str] = ()) -> None:
    """Refuse what is not there of some files and folders of the data, and of what reads them.

    Raises:
        ConfigError: Some are missing.
    """
    faults = []
    missing = [name for name in names if not (folder() / name).exists()] if names else []
    if missing:
        faults.append(
            f"{folder()}: found no {' and no '.join(missing)}; expected all that this task reads; "
            f"{_REMEDY}"
        )
    faults += [
        f"{module}: found no such module; expected it, to read this task's data; "
        "pip install 'archsim[export]'"
        for module in modules
        if find_spec(module) is None
    ]
    if faults:
        raise ConfigError("\n".join(faults))


def unfit(path: Path, faults: Sequence[str]) -> ConfigError:
    """Return the error for a file that holds something other than it should."""
    return ConfigError("\n".join(f"{path}: {fault}; {_REMEDY}" for fault in faults))


def cifar10() -> Images:
    """Return the first 1,000 test images of CIFAR-10, and the first 4,000 for training.

    A. Krizhevsky, Learning multiple layers of features from tiny images (2009).
    """
    arrays = _arrays(CIFAR10, "cifar10", 1000, (32, 32, 3))
    channels_first = {name: arrays[name].permute(0, 3, 1, 2) for name in ("x_test", "x_train")}
    return _images(arrays | channels_first)


def mnist() -> Images:
    """Return the 10,000 test images of MNIST, and the 60,000 for training.

    Y. LeCun et al., Proc. IEEE 86(11), 2278 (1998).
    """
    arrays = _arrays(MNIST, "mnist", 10_000, (28, 28))
    one_channel = {name: arrays[name][:, None] for name in ("x_test", "x_train")}
    return _images(arrays | one_channel)


def imagenet() -> Images:
    """Return 1,300 validation images of ImageNet at 227 pixels: 1,000 to test, 300 to learn from.

    The 300 are at equal distances in the order of the validation set, which goes by chance and not
    by class. The networks were trained with none of the 1,300.
    O. Russakovsky et al., IJCV 115, 211 (2015). These 1,300 are easier than the whole set.
    """
    from PIL import Image  # only this task needs it

    table, images = file(IMAGENET_LABELS), file(IMAGENET_IMAGES)
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    labels = [int(row[1]) if len(row) == 2 and row[1].isdecimal() else -1 for row in rows]  # noqa: PLR2004 - name, label
    faults = [
        f"line {place}: found {','.join(row)!r}; expected a name and a label of 0 to 999"
        for place, (row, label) in enumerate(zip(rows, labels, strict=True), start=1)
        if not 0 <= label < 1000  # noqa: PLR2004 - classes
    ]
    if len(rows) != _IMAGENET_IMAGES:
        faults.append(f"found {len(rows)} images; expected {_IMAGENET_IMAGES}")
    if faults:
        raise unfit(table, faults)
    size = (_IMAGENET_SIZE, _IMAGENET_SIZE, 3)
    pixels = np.empty((len(rows), *size), dtype=np.uint8)
    for place, (name, _) in enumerate(rows):
        with Image.open(file(f"imagenet/{images.name}/{name}")) as image:
            found = np.asarray(image.convert("RGB"))
        if found.shape != size:
            raise unfit(images / name, [f"found {_by(found.shape)}; expected {_by(size)}"])
        pixels[place] = found
    targets, learned = torch.tensor(labels), torch.zeros(len(rows), dtype=torch.bool)
    learned[torch.arange(_IMAGENET_LEARNING) * len(rows) // _IMAGENET_LEARNING] = True
    learning, inputs = (
        torch.from_numpy(pixels[chosen]).permute(0, 3, 1, 2).contiguous()
        for chosen in (learned.numpy(), ~learned.numpy())
    )
    return Images(
        inputs,
        targets[~learned],
        learning[:_IMAGENET_CALIBRATION],
        Examples((learning,), targets[learned]),
    )


def digits() -> Digits:
    """Return the digits of scikit-learn: the first 1,000 for training, the last 797 for testing.

    Cut and not drawn at random, because neighbours tend to be by one writer, which would help.
    E. Alpaydin and C. Kaynak, UCI repository, doi 10.24432/C50P49.
    """
    from sklearn.datasets import load_digits  # slow, and only this task needs it

    found = load_digits()
    images = torch.from_numpy(found.images).to(torch.uint8)[:, None]
    labels = torch.from_numpy(found.target).to(torch.int64)
    cut = _DIGITS_TRAINING
    return Digits(images[:cut], labels[:cut], images[cut:], labels[cut:])


def _images(arrays: Mapping[str, Tensor]) -> Images:
    inputs, learning = (arrays[name].contiguous() for name in ("x_test", "x_train"))
    targets, labels = (arrays[name].to(torch.int64) for name in ("y_test", "y_train"))
    return Images(inputs, targets, learning[:_CALIBRATION], Examples((learning,), labels))


def _arrays(name: str, kind: str, tests: int, size: tuple[int, ...]) -> dict[str, Tensor]:
    """Return the arrays of bytes of an .npz file, each of the shape that it must have."""
    path, trains = file(name), _TRAINING_IMAGES[kind]
    wanted = {
        "x_test": (tests, *size), "y_test": (tests,), "x_train": (trains, *size),
        "y_train": (trains,),
    }  # fmt: skip
    with np.load(path, allow_pickle=False) as held:
        found = {key: held[key] for key in wanted if key in held.files}
    faults = []
    for key, shape in wanted.items():
        array = found.get(key)
        if array is None or array.shape != shape or array.dtype != np.uint8:
            what = "none" if array is None else f"{_by(array.shape)} of {array.dtype}"
            faults.append(f"{key}: found {what}; expected {_by(shape)} of uint8")
    if faults:
        raise unfit(path, faults)
    return {key: torch.from_numpy(array) for key, array in found.items()}


def _by(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
