"""What ``module:callable`` names: something of the user's to call, or a model that ships."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from archsim.errors import WorkloadError
from archsim.frontend._graph import first_line
from archsim.frontend.torchvision_operators import declared_if_missing
from archsim.workload import shipped

_TARGET = re.compile(r"(?P<module>[\w.]+):(?P<callable>[\w.]+)")
_MODEL = "a torch.nn.Module"


def is_target(text: str) -> bool:
    """Return whether a text reads ``module:callable``."""
    return _TARGET.fullmatch(text) is not None


def resolve(target: str, *, returns: str = _MODEL) -> Callable[..., Any]:
    """Return what ``module:callable`` names.

    The module is installed, lies in the working directory or ships with the program, such as
    ``workloads.models.lenet``; of two by one name, the working directory's is taken.

    Args:
        target: The module and the path of the callable in it.
        returns: What it is to return, for messages.

    Raises:
        WorkloadError: There is no such module or callable, or the module cannot be imported.
    """
    match = _TARGET.fullmatch(target)
    if match is None:
        raise WorkloadError(
            f"{target}: found no module:callable; expected both; write torchvision.models:resnet50"
        )
    found: Any = _import(match["module"])
    for part in match["callable"].split("."):
        if not hasattr(found, part):
            raise WorkloadError(
                f"{target}: found no {part!r}; expected something to call that returns {returns}; "
                "check its name"
            )
        found = getattr(found, part)
    if not callable(found):
        raise WorkloadError(
            f"{target}: found a {type(found).__name__}; expected something to call that returns "
            f"{returns}; wrap it in a function"
        )
    make: Callable[..., Any] = found
    return make


def build(target: str, kwargs: Mapping[str, Any], device: str) -> torch.nn.Module:
    """Return the model that ``module:callable`` makes on a device.

    Raises:
        WorkloadError: As of :func:`resolve`; or it raises, or returns something else than a model.
    """
    make = resolve(target)
    try:
        with torch.device(device), importable():
            model = make(**kwargs)
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
            f"{target}: found a callable that returns a {type(model).__name__}; expected "
            f"{_MODEL}; return the model itself"
        )
    return model


@contextmanager
def importable() -> Iterator[None]:
    """Let modules be imported from the working directory, then from those that ship."""
    folders = [str(Path.cwd()), *_shipped_folders()]
    sys.path[:0] = folders
    try:
        yield
    finally:
        for folder in folders:
            with suppress(ValueError):  # what was called may have removed it
                sys.path.remove(folder)


def _shipped_folders() -> list[str]:
    """Return the folder that holds the package ``workloads``."""
    return sorted({str(path.parents[1]) for path in shipped().values()})


def _import(module_name: str) -> Any:
    with importable():
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
