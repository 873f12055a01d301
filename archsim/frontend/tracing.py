"""From ``module:callable`` to a workload: what ``archsim trace`` does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from archsim.errors import WorkloadError
from archsim.frontend.exporting import export
from archsim.frontend.specs import InputSpec
from archsim.frontend.targets import build
from archsim.workload import Workload

_DEVICES = ("meta", "cpu")


def trace(
    target: str,
    inputs: Sequence[str],
    *,
    kwargs: Mapping[str, Any] | str | None = None,
    name: str | None = None,
    device: str = "meta",
    fixed_batch: bool = False,
) -> Workload:
    """Return the workload of the model that a callable makes.

    Args:
        target: ``module:callable``; the module may lie in the working directory, or ship.
        inputs: Texts such as ``1x3x224x224`` or ``1x128:int64``, in the order of ``forward``.
        kwargs: What to call it with: a mapping, or JSON text of one.
        name: What to call the workload; the callable's name if not given.
        device: ``meta``, which takes no memory for weights, or ``cpu``.
        fixed_batch: Whether the model takes no other batch size than the one given.

    Raises:
        WorkloadError: Anything from a module that is not there to an operator without lowering.
    """
    arguments, specs = read_kwargs(kwargs), _specs(inputs)
    if device not in _DEVICES:
        raise WorkloadError(
            f"--device: found {device!r}; expected {' or '.join(_DEVICES)}; choose one"
        )
    model = build(target, arguments, device)
    module, _, path = target.partition(":")
    source = {"model": target, "kwargs": json.dumps(arguments), "input": " ".join(inputs)}
    source |= _versions(module.partition(".")[0], "torch")
    tensors = tuple(spec.tensor(device) for spec in specs)
    name = path.rpartition(".")[2] if name is None else name
    return export(model, tensors, name=name, source=source, fixed_batch=fixed_batch).workload


def _specs(inputs: Sequence[str]) -> list[InputSpec]:
    if not inputs:
        raise WorkloadError(
            "--input: found none; expected one at least; give its shape: 1x3x224x224"
        )
    return [InputSpec.parse(text) for text in inputs]


def _versions(*packages: str) -> dict[str, str]:
    """Return the versions of installed packages; a module beside the user has none."""
    found = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def read_kwargs(kwargs: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """Return what to call a callable with, given as a mapping or as JSON text of one.

    Raises:
        WorkloadError: The text is no JSON object, or gives a key twice.
    """
    """Return what a callable is to be called with: a mapping, or JSON text of one.

    Raises:
        WorkloadError: The text is no JSON object, or gives a key twice.
    """
    if not isinstance(kwargs, str):
        return dict(kwargs or {})
    try:
        found = json.loads(kwargs, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise WorkloadError(
            f"--kwargs: found {kwargs!r} ({error}); expected a JSON object; "
            """write --kwargs '{"num_classes": 10}'"""
        ) from None
    if not isinstance(found, dict):
        raise WorkloadError(
            f"--kwargs: found a JSON {type(found).__name__}; expected an object; "
            """write --kwargs '{"num_classes": 10}'"""
        )
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, of which no key may be given twice: one value would silently win."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise WorkloadError(
            f"--kwargs: found the key {twice!r} twice; expected each once; remove one of them"
        )
    return found
