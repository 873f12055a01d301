"""Files that people write: YAML or JSON with the position of every value kept.

A :class:`Document` is plain data (text, numbers, true/false, null, lists, mappings) plus a table of
where each value stands, so that every fault of a file can be reported as ``file:line:col: path:
found; expected; what to do``, all of them at once. Machines, workloads and plans are all read here.

What is refused, and why:

* duplicate keys, because one of the two values would silently win;
* YAML anchors, aliases, merges and tags: they hide values, allow bombs and can build objects; a
  machine file inherits with ``base:`` instead;
* NaN, infinities and numbers of absurd length, which are never a design;
* YAML 1.1's surprises: here ``on`` and ``no`` are words, ``1e3`` is a number, and only ``true`` and
  ``false`` are truth values.

Validation runs in pydantic's strict JSON mode: the same rules for both formats, lists become
tuples, and text never turns into a number by itself.
"""

from __future__ import annotations

from archsim.documents._faults import Fault, Faults, closest
from archsim.documents._model import Document, Loc, Position, dotted, printable
from archsim.documents._parse import fields_at, located, parse, validated
from archsim.documents._plain import plain
from archsim.documents._read import read, read_text, write_atomically
from archsim.documents._shipped import Shipped
from archsim.documents._yaml import write_yaml

__all__ = [
    "Document",
    "Fault",
    "Faults",
    "Loc",
    "Position",
    "Shipped",
    "closest",
    "dotted",
    "fields_at",
    "located",
    "parse",
    "plain",
    "printable",
    "read",
    "read_text",
    "validated",
    "write_atomically",
    "write_yaml",
]
