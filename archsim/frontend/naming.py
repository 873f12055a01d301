"""Names of ops: where in the model they come from, and no more than is needed to be unique.

The innermost module's path alone, if it is a leaf that does one thing: ``layer1.0.conv1``. With
what it does, if it does several things or holds other modules: ``layer1.0:add``. Numbered from 1,
if it does one thing several times: ``encoder.layer.0.attention.self:matmul#2``. The model itself
is called ``forward``, which no submodule can be.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple


class Origin(NamedTuple):
    """Where an op comes from.

    Attributes:
        path: Dotted path of the innermost module; empty for the model itself.
        label: What it does there.
    """

    path: str
    label: str


def op_names(origins: list[Origin]) -> list[str]:
    """Return a unique name for each op of a model, in order."""
    labels: dict[str, set[str]] = {}
    for origin in origins:
        labels.setdefault(origin.path, set()).add(origin.label)
    parents = {path[:end] for path in labels for end, char in enumerate(path) if char == "."} | {""}
    total, so_far = Counter(origins), Counter[Origin]()
    names = []
    for origin in origins:
        so_far[origin] += 1
        name = origin.path or "forward"
        if len(labels[origin.path]) > 1 or origin.path in parents:
            name += f":{origin.label}"
        if total[origin] > 1:
            name += f"#{so_far[origin]}"
        names.append(name)
    return names
