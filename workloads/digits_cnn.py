"""Three convolutions and a linear for 8 x 8 digits: train, save weights and workload, say accuracy.

The same on every run: one seed, one thread. Each batch is moved by up to a pixel each way, without
which the test images are recognised less well (97 %).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from archsim.frontend import trace
from archsim.workload import save_workload
from workloads.models.lenet import DigitsCnn
from workloads.tasks import DIGITS_WEIGHTS, scaled_digits
from workloads.tasks.image_data import digits

_SEED, _EPOCHS, _BATCH = 0, 30, 50
_RATE, _DECAY = 3e-3, 1e-2  # highest learning rate and weight decay of AdamW


def trained(images: Tensor, labels: Tensor) -> nn.Module:
    """Return the network after training, in evaluation mode."""
    torch.manual_seed(_SEED)
    model = DigitsCnn()
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(images) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    for chosen in _batches(len(images)):
        scores = model(_moved(*scaled_digits(images[chosen])))
        loss = functional.cross_entropy(scores, labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return model.eval()


def _batches(count: int) -> Iterator[Tensor]:
    for _ in range(_EPOCHS):
        yield from torch.randperm(count).split(_BATCH)


def _moved(images: Tensor) -> Tensor:
    """Return a batch moved by -1, 0 or 1 pixels each way."""
    down, right = torch.randint(0, 3, (2,)).tolist()
    return functional.pad(images, (1, 1, 1, 1))[:, :, down : down + 8, right : right + 8]


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return right answers in per cent."""
    with torch.no_grad():
        right = model(*scaled_digits(images)).argmax(1) == labels
    return 100 * right.to(torch.float64).mean().item()


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    data = digits()
    network = trained(data.training, data.training_labels)
    DIGITS_WEIGHTS.write_bytes(save(network.state_dict()))
    found = accuracy(network, data.test, data.test_labels)
    print(f"{DIGITS_WEIGHTS.name}: {found:.2f} % of {len(data.test)} test images")
    workload = trace("workloads.models.lenet:DigitsCnn", ["1x1x8x8"], name="digits_cnn")
    save_workload(workload, Path(__file__).with_suffix(".yaml"))
