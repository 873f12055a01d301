"""Weights from files into a model: every tensor of it, and nothing besides.

A file is data and never code: what pickle would have to execute to read is refused.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from archsim.errors import WorkloadError
from archsim.frontend import first_line
from archsim.functional.listing import listed

_WRAPPER = "module."  # what torch.nn.DataParallel puts before every name
_COUNTER = "num_batches_tracked"  # batch norms use it in training only


def load_weights(model: nn.Module, paths: Sequence[str | Path]) -> str:
    """Fill a model's parameters and buffers, and return the SHA-256 of the files' bytes.

    The bytes are those of all files one after another. Numbers are converted to the type of the
    model's own. A tensor by several names needs only one of them. Counters of batches that batch
    norms keep may be missing.

    Args:
        model: It is changed only if nothing is wrong.
        paths: ``.pt``, ``.pth``, ``.th``, ``.safetensors`` or ``.npz``; of two tensors by one
            name, that of the later file is taken. A checkpoint's ``state_dict`` entry is used, and
            ``module.`` before every name is dropped.

    Raises:
        WorkloadError: Every file that cannot be read, or else every tensor that is missing,
            unknown, of another shape or kind, NaN or infinite.
    """
    if not paths:
        raise WorkloadError("weights: found no file; expected one at least; name it")
    wanted = {k: v for k, v in model.state_dict(keep_vars=True).items() if isinstance(v, Tensor)}
    if empty := [key for key, own in wanted.items() if own.is_meta]:
        raise WorkloadError(
            f"weights: found a model on device 'meta' ({listed(empty)}); expected tensors to fill; "
            "make it on another device"
        )
    digest = hashlib.sha256()
    given: dict[str, Tensor] = {}
    faults = []
    for path in map(Path, paths):
        try:
            content = _content(path)
            digest.update(content)
            given |= _without_wrapper(_tensors(path, content), wanted)
        except WorkloadError as error:
            faults.append(str(error))
    if not faults:
        where = ", ".join(map(str, paths))
        faults = [f"{where}: {fault}" for fault in _faults(given, wanted)]
    if faults:
        raise WorkloadError("\n".join(faults))
    model.load_state_dict({k: v.to(wanted[k].dtype) for k, v in given.items()}, strict=False)
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    if path.suffix.lower() not in _READERS:
        raise WorkloadError(
            f"{path}: found the extension {path.suffix!r}; expected {', '.join(_READERS)}; "
            "convert the file, or name another"
        )
    try:
        if not path.exists():
            raise WorkloadError(f"{path}: found no such file; expected one; check the path")
        if not path.is_file():
            raise WorkloadError(f"{path}: found a folder or pipe; expected a file; name one")
        return path.read_bytes()
    except OSError as error:
        raise WorkloadError(
            f"{path}: found a file that cannot be read ({error.strerror}); expected one that can; "
            "check your rights"
        ) from None


def _from_torch(content: bytes) -> Any:
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _from_safetensors(content: bytes) -> dict[str, Tensor]:
    try:
        from safetensors.torch import load
    except ImportError:
        raise WorkloadError(
            "safetensors: found no such package; expected it, to read .safetensors; "
            "pip install safetensors"
        ) from None
    return load(content)


def _from_npz(content: bytes) -> dict[str, Tensor]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


_READERS: dict[str, Callable[[bytes], Any]] = {
    ".pt": _from_torch,
    ".pth": _from_torch,
    ".th": _from_torch,
    ".safetensors": _from_safetensors,
    ".npz": _from_npz,
}


def _tensors(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        found = _READERS[path.suffix.lower()](content)
    except WorkloadError:
        raise
    except Exception as error:
        raise WorkloadError(
            f"{path}: found no plain tensors ({type(error).__name__}: {_reason(error)}); "
            "expected a file that holds a state_dict and no code; save model.state_dict() alone"
        ) from error
    if isinstance(found, Mapping) and isinstance(found.get("state_dict"), Mapping):
        found = found["state_dict"]
    if not isinstance(found, Mapping) or not any(isinstance(v, Tensor) for v in found.values()):
        kind = f"only {listed(found)}" if isinstance(found, Mapping) and found else "none"
        raise WorkloadError(
            f"{path}: found {kind}; expected tensors by name, or in state_dict; "
            "save model.state_dict() alone"
        )
    others = [key for key, value in found.items() if not isinstance(value, Tensor)]
    if others:
        raise WorkloadError(
            f"{path}: found {len(others)} of its entries no tensors ({listed(others)}); expected "
            "tensors only; save model.state_dict() alone"
        )
    return {str(key): value for key, value in found.items()}


def _reason(error: Exception) -> str:
    """Return what an error says, without torch's advice to trust the file."""
    return first_line(error).partition(". This file can still be loaded")[0]


def _without_wrapper(given: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Drop ``module.`` where every name has it, unless the model's own have it, too."""
    if not all(key.startswith(_WRAPPER) for key in given):
        return given
    if all(key.startswith(_WRAPPER) for key in wanted):
        return given
    return {key.removeprefix(_WRAPPER): tensor for key, tensor in given.items()}


def _faults(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield one fault of each kind, with the tensors that have it."""
    filled = {id(wanted[key]) for key in given if key in wanted}
    missing = [
        key
        for key, own in wanted.items()
        if id(own) not in filled and key.rpartition(".")[2] != _COUNTER
    ]
    if missing:
        yield (
            f"found no values for {len(missing)} of the model's {len(wanted)} tensors "
            f"({listed(missing)}); expected all; give the file that holds them"
        )
    if unknown := [key for key in given if key not in wanted]:
        yield (
            f"found {len(unknown)} of {len(given)} tensors that the model has not "
            f"({listed(unknown)}); expected its own only; check that the weights are this model's"
        )
    pairs = [(key, tensor, wanted[key]) for key, tensor in given.items() if key in wanted]
    if shapes := [
        f"{key}: {_size(found)}, not {_size(own)}"
        for key, found, own in pairs
        if found.shape != own.shape
    ]:
        yield (
            f"found another shape in {len(shapes)} of {len(given)} tensors ({listed(shapes)}); "
            "expected the model's; check that the weights are this model's, made with the same "
            "arguments"
        )
    if kinds := [
        f"{key}: {_kind(found)}" for key, found, own in pairs if not _convertible(found, own)
    ]:
        yield (
            f"found a type that cannot be converted in {len(kinds)} of {len(given)} tensors "
            f"({listed(kinds)}); expected floating point where the model has it, whole "
            "numbers elsewhere; convert them"
        )
    plain = [(key, found, own) for key, found, own in pairs if _convertible(found, own)]
    counts = {key: _unusable(found, own) for key, found, own in plain}
    if bad := [f"{key}: {n} of {given[key].numel()}" for key, n in counts.items() if n]:
        yield (
            f"found NaN or infinite values in {len(bad)} of {len(given)} tensors ({listed(bad)}); "
            "expected numbers; train again, or take an earlier checkpoint"
        )
    if torn := _torn(plain):
        yield (
            "found values that differ from those of the same tensor by another name in "
            f"{len(torn)} of {len(given)} tensors ({listed(torn)}); expected equal ones; check "
            "that the weights are this model's"
        )


def _convertible(found: Tensor, own: Tensor) -> bool:
    plain = found.layout == torch.strided and not (found.is_quantized or found.is_meta)
    return plain and not found.is_complex() and found.is_floating_point() == own.is_floating_point()


def _unusable(found: Tensor, own: Tensor) -> int:
    """Return how many values are no numbers once they are of the model's type."""
    return int((~torch.isfinite(found.to(own.dtype))).sum())


def _torn(pairs: Sequence[tuple[str, Tensor, Tensor]]) -> list[str]:
    """Return the names that give a tensor of several names other values than its first name."""
    first: dict[int, Tensor] = {}
    return [
        key
        for key, found, own in pairs
        if first.setdefault(id(own), found) is not found and not torch.equal(first[id(own)], found)
    ]


def _kind(tensor: Tensor) -> str:
    """Return the type of the values, and how they are stored where that is not plainly."""
    words = [str(tensor.dtype), *([] if tensor.layout == torch.strided else [str(tensor.layout)])]
    return " ".join(word.removeprefix("torch.") for word in words) + " meta" * tensor.is_meta


def _size(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"
