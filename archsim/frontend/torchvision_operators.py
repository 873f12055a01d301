"""Let torchvision be imported beside a torch without its compiled operators.

Its wheel registers fake versions of two operators that only its compiled part declares. No
classification model uses them, so declaring their signatures is enough to import the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from torch import library

_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_libraries: list[library.Library] = []  # a declaration lasts as long as its library object


def declared_if_missing(load: Callable[[], Any]) -> Any:
    """Return what a function that imports returns, declaring the operators if it fails for them."""
    try:
        return load()
    except Exception as error:
        if _libraries or not any("torchvision::nms" in str(cause) for cause in _chain(error)):
            raise
    declared = library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        declared.define(f"{name}{_SIGNATURE}")  # type: ignore[no-untyped-call]
    _libraries.append(declared)
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # half-imported
    return load()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
