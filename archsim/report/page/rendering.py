"""Turn a view into a page: templates, the style and the script in one text."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

OPENING = '<!doctype html>\n<html lang="en" data-made-by="archsim">\n'
"""How every page begins."""

_ENDS = (".", "/", "_", ":", "#")
_PARTS = re.compile(r"(?<=[./_:#])(?=\D)")


def render(template: str, **view: Any) -> str:
    """Return a page.

    Args:
        template: Its file in ``templates``.
        view: What it shows.
    """
    style, script = _asset("page.css"), _asset("page.js")
    page = _environment().get_template(template)
    text = page.render(
        **view,
        opening=Markup(OPENING),
        style=Markup(style),
        script=Markup(script),
        policy=(
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
    )
    return f"{text.rstrip()}\n"


def shown(value: Any) -> Any:
    """Return text with what cannot be seen, or moves what can, spelt out; lines stay lines."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return "" if value is None else value
    return "".join(c if c.isprintable() or c == "\n" else _spelt(c) for c in value)


def soft(text: str) -> Markup:
    """Return a name that may go on in the next line after a dot or the like."""
    return Markup("").join(
        Markup("%s<wbr>") % part if part[-1:] in _ENDS else part
        for part in _PARTS.split(shown(text))
        if part
    )


def _spelt(character: str) -> str:
    return f"\\u{ord(character):04x}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("archsim.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["soft"] = soft
    return environment


@cache
def _asset(name: str) -> str:
    return (files("archsim.report.page") / "assets" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(f"\n{content}".encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
