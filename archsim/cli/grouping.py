"""Groups of options: dataclasses whose fields become options of a command, and words again."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints


def given(*groups: Any) -> list[str]:
    """Return the options of some groups that are not as they are by default, as a user types."""
    return [
        "--" + column.name.strip("_").replace("_", "-")
        for group in groups
        for column in fields(group)
        if getattr(group, column.name) != column.default
    ]


def typed(*groups: Any, leave_out: frozenset[str] = frozenset()) -> str:
    """Return the options of some groups that are not as they are by default, with their values.

    Args:
        groups: Groups of options.
        leave_out: Fields that are not wanted.
    """
    words: list[str] = []
    for group in groups:
        for column in fields(group):
            value = getattr(group, column.name)
            if column.name in leave_out or value == column.default:
                continue
            option = "--" + column.name.strip("_").replace("_", "-")
            if value is True:
                words.append(option)
                continue
            for each in value if isinstance(value, list) else [value]:
                words += [option, str(each)]
    return shlex.join(words)


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take groups: each parameter that is one becomes the options in it."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name not in groups:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))
            continue
        options = get_type_hints(groups[parameter.name], include_extras=True)
        parameters += [
            inspect.Parameter(
                column.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=column.default,
                annotation=options[column.name],
            )
            for column in fields(groups[parameter.name])
        ]

    def called(**values: Any) -> None:
        made = {
            name: kind(**{column.name: values.pop(column.name) for column in fields(kind)})
            for name, kind in groups.items()
        }
        command(**values, **made)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called
