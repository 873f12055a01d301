"""From ``module:callable`` to a workload: what ``archsim trace`` does."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from archsim.errors import WorkloadError
from archsim.frontend._graph import first_line
from archsim.frontend.exporting import export
from archsim.frontend.specs import InputSpec
from archsim.frontend.torchvision_operators import declared_if_missing
from archsim.workload import Workload

_TARGET = re.compile(r"(?P<module>[\w.]+):(?P<callable>[\w.]+)")
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
        target: ``module:callable``; the module may lie in the working directory.
        inputs: Texts such as ``1x3x224x224`` or ``1x128:int64``, in the order of ``forward``.
        kwargs: What to call it with: a mapping, or JSON text of one.
        name: What to call the workload; the callable's name if not given.
        device: ``meta``, which takes no memory for weights, or ``cpu``.
        fixed_batch: Whether the model takes no other batch size than the one given.

    Raises:
        WorkloadError: Anything from a module that is not there to an operator without lowering.
    """
    arguments, specs = _arguments(kwargs), _specs(inputs)
    if device not in _DEVICES:
        raise WorkloadError(
            f"--device: found {device!r}; expected {' or '.join(_DEVICES)}; choose one"
        )
    match = _TARGET.fullmatch(target)
    if match is None:
        raise WorkloadError(
            f"{target}: found no module:callable; expected both; write torchvision.models:resnet50"
        )
    model = _build(target, _resolve(match["module"], match["callable"]), arguments, device)
    source = {"model": target, "kwargs": json.dumps(arguments), "input": " ".join(inputs)}
    source |= _versions(match["module"].partition(".")[0], "torch")
    tensors = tuple(spec.tensor(device) for spec in specs)
    name = match["callable"].rpartition(".")[2] if name is None else name
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


def _arguments(kwargs: Mapping[str, Any] | str | None) -> dict[str, Any]:
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


def _resolve(module_name: str, path: str) -> Any:
    found: Any = _import(module_name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise WorkloadError(
                f"{module_name}:{path}: found no {part!r}; expected something to call that returns "
                "a torch.nn.Module; check its name"
            )
        found = getattr(found, part)
    if not callable(found):
        raise WorkloadError(
            f"{module_name}:{path}: found a {type(found).__name__}; expected something to call "
            "that returns a torch.nn.Module; wrap it in a function"
        )
    return found


def _import(module_name: str) -> Any:
    with _working_directory_on_path():
        try:
            return declared_if_missing(lambda: importlib.import_module(module_name))
        except ModuleNotFoundError as error:
            if error.name is None:
                raise WorkloadError(_not_importable(module_name, error)) from error
            raise WorkloadError(
                f"{module_name}: found no module {error.name!r}; expected one installed or in the "
                "working directory; install it, or check its name"
            ) from None
        except Exception as error:
            raise WorkloadError(_not_importable(module_name, error)) from error


def _not_importable(module_name: str, error: Exception) -> str:
    return (
        f"{module_name}: found a module that cannot be imported ({type(error).__name__}: "
        f"{first_line(error)}); expected one that can; correct it"
    )


@contextmanager
def _working_directory_on_path() -> Iterator[None]:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _build(target: str, make: Any, arguments: dict[str, Any], device: str) -> torch.nn.Module:
    try:
        with torch.device(device), _working_directory_on_path():
            model = make(**arguments)
    except Exception as error:
        remedy = "correct --kwargs or the callable"
        if device == "meta":
            remedy += "; if it needs real tensors, use --device cpu"
        raise WorkloadError(
            f"{target}: found a callable that raises {type(error).__name__} ({first_line(error)}); "
            f"expected a model on device {device!r}; {remedy}"
        ) from error
    if not isinstance(model, torch.nn.Module):
        raise WorkloadError(
            f"{target}: found a callable that returns a {type(model).__name__}; expected a "
            "torch.nn.Module; return the model itself"
        )
    return model
