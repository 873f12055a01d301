"""A network as a machine sees it: ops with shapes, in an order that can be executed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field
from pydantic.functional_validators import ModelWrapValidatorHandler, model_validator

from archsim.documents import Fault, Faults, Loc
from archsim.errors import WorkloadError
from archsim.workload.ops import LaneOperations, Name, Op, Product, Shape, any_op, text
from archsim.workload.ops._base import BRACKETS, FROZEN, MAX_BITS, Bits, is_product
from archsim.workload.ops._near import meant

_STATED = ("macs", "fingerprint")  # keys of a file that repeat what its ops imply


class Input(BaseModel):
    """An activation that comes from outside."""

    model_config = FROZEN

    name: Name
    """The name by which ops read it."""

    shape: Shape
    """Its shape, batch dimension included."""

    bits: Bits | None = None
    """Bits of one element; left out: the workload's ``activation_bits``."""


class Workload(BaseModel):
    """A directed acyclic graph of ops, in topological order, checked as a whole."""

    model_config = FROZEN

    format: Literal[1] = 1
    """Version of this format."""

    name: Name
    """What reports call it."""

    source: dict[str, str]
    """Where it comes from: model, versions, input, licence. Free text, never interpreted."""

    activation_bits: Bits
    """Bits of an element of an activation, unless its op or input says otherwise."""

    weight_bits: Bits
    """Bits of a weight, unless its op says otherwise."""

    inputs: Annotated[tuple[Input, ...], BRACKETS, Field(min_length=1)]
    """What comes from outside."""

    ops: Annotated[tuple[any_op(), ...], BRACKETS, Field(min_length=1)]  # type: ignore[valid-type]
    """The ops; each reads inputs and earlier ops only."""

    outputs: Annotated[tuple[Name, ...], BRACKETS, Field(min_length=1)]
    """The ops whose activations leave the machine."""

    @model_validator(mode="wrap")
    @classmethod
    def _is_sound(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        workload = handler(_without_stated(data))
        if faults := _graph_faults(workload) or _stated_faults(workload, data):
            raise Faults(faults)
        return workload

    def __getstate__(self) -> dict[Any, Any]:
        """Leave out what was looked up: views do not travel, and who needs them looks anew."""
        own = {name: value for name, value in vars(self).items() if name in type(self).model_fields}
        return {**super().__getstate__(), "__dict__": own}

    @cached_property
    def fingerprint(self) -> str:
        """Return what identifies the structure: not the name, the source or any bits."""
        structure = {
            "inputs": [item.model_dump(mode="json", exclude={"bits"}) for item in self.inputs],
            "ops": [
                op.model_dump(mode="json", exclude={"bits", "weight_bits"}, exclude_defaults=True)
                | {"kind": op.kind}
                for op in self.ops
            ],
            "outputs": list(self.outputs),
        }
        return sha256(structure)

    @cached_property
    def macs(self) -> int:
        """Return the multiply-accumulates of all GEMMs."""
        return sum(op.macs for op in self.gemms)

    @cached_property
    def weights(self) -> int:
        """Return the static GEMM weights; biases and tables are not among them."""
        return sum(op.gemm.weights for op in self.gemms)

    @cached_property
    def gemms(self) -> tuple[Product, ...]:
        """Return the ops that are matrix products, in order."""
        return tuple(op for op in self.ops if isinstance(op, Product))

    @cached_property
    def consumers(self) -> Mapping[str, tuple[Op, ...]]:
        """Return the ops that read each input's and each op's activation, in order."""
        readers: dict[str, list[Op]] = {item.name: [] for item in chain(self.inputs, self.ops)}
        for op in self.ops:
            for name in dict.fromkeys(op.inputs):
                readers[name].append(op)
        return MappingProxyType({name: tuple(ops) for name, ops in readers.items()})

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """Return the shape of each input's and each op's activation."""
        return MappingProxyType({x.name: x.shape for x in chain(self.inputs, self.ops)})

    @cached_property
    def _by_name(self) -> dict[str, Op]:
        return {op.name: op for op in self.ops}

    def op(self, name: str) -> Op:
        """Return the op of that name.

        Raises:
            WorkloadError: There is none.
        """
        if name not in self._by_name:
            raise WorkloadError(
                f"{self.name}: found no op {name!r}; expected one of its {len(self.ops)}; "
                + meant(name, self._by_name)
            )
        return self._by_name[name]

    def input_shapes(self, op: Op) -> tuple[Shape, ...]:
        """Return the shapes of what an op reads."""
        return tuple(self.shapes[name] for name in op.inputs)

    def lane_operations(self, op: Op) -> LaneOperations:
        """Return what a vector unit has to do for an op, MACs of a GEMM apart."""
        return op.lane_operations(*self.input_shapes(op))

    def activation_bits_of(self, name: str) -> int:
        """Return the bits of an element of the activation that an input or op makes."""
        stated = next((item.bits for item in self.inputs if item.name == name), None)
        if name in self._by_name:
            stated = self._by_name[name].bits
        return self.activation_bits if stated is None else stated

    def weight_bits_of(self, name: str) -> int:
        """Return the bits of an element of the operand that the array holds for a GEMM.

        For a product of two activations that is its second input's bits.

        Raises:
            WorkloadError: The op is not a GEMM.
        """
        op = self.op(name)
        if not isinstance(op, Product):
            raise WorkloadError(
                f"{name}: found an op of kind {op.kind}; expected a GEMM, which has weights; "
                "ask for one"
            )
        if op.weight_bits is not None:
            return op.weight_bits
        return self.activation_bits_of(op.inputs[1]) if op.gemm.dynamic else self.weight_bits

    def with_bits(self, activation: int | None = None, weight: int | None = None) -> Workload:
        """Return this workload with other default bits; ops that state their own keep them.

        Raises:
            WorkloadError: A number of bits that is not 1 to 64.
        """
        stated = {"activation_bits": activation, "weight_bits": weight}
        changed = {name: bits for name, bits in stated.items() if bits is not None}
        for name, bits in changed.items():
            if isinstance(bits, bool) or not isinstance(bits, int) or not 1 <= bits <= MAX_BITS:
                raise WorkloadError(
                    f"{name}: found {bits!r}; expected a whole number from 1 to {MAX_BITS}; "
                    "correct it"
                )
        return self.model_copy(update=changed)


def sha256(structure: object) -> str:
    """Return the hash of a structure's canonical JSON."""
    canonical = json.dumps(structure, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _without_stated(data: dict[str, Any]) -> dict[str, Any]:
    """Return what a file says, without what only repeats what its ops imply."""
    kept = {key: value for key, value in data.items() if key not in _STATED}
    if isinstance(ops := data.get("ops"), list | tuple):
        kept["ops"] = [
            {key: value for key, value in op.items() if key != "macs"}
            if isinstance(op, dict) and is_product(op.get("kind"))
            else op
            for op in ops
        ]
    return kept


def _stated_faults(workload: Workload, data: Mapping[str, Any]) -> list[Fault]:
    """Return what a file says of a sound workload that does not follow from its ops."""
    faults = []
    for index, (op, stated) in enumerate(zip(workload.ops, data["ops"], strict=True)):
        if not isinstance(op, Product) or not isinstance(stated, dict) or "macs" not in stated:
            continue
        if stated["macs"] != op.macs:
            message = (
                f"{op.name}: found {stated['macs']!r}; expected {op.macs} from the shapes; correct "
                "the op, or delete `macs`, which is only there to be read"
            )
            faults.append(Fault(("ops", index, "macs"), message))
    if "macs" in data and data["macs"] != workload.macs:
        message = (
            f"found {data['macs']!r}; expected {workload.macs}, the sum over the ops; delete the "
            "line `macs`, which is only there to be read"
        )
        faults.append(Fault(("macs",), message))
    if "fingerprint" in data and data["fingerprint"] != workload.fingerprint:
        message = (
            f"found {data['fingerprint']!r}; expected {workload.fingerprint} from the ops, so they "
            "were edited after the file was made; make it again with `archsim trace`, or delete "
            "the line `fingerprint` to accept the ops as they stand (plans made for the former ops "
            "will then be refused)"
        )
        faults.append(Fault(("fingerprint",), message))
    return faults


def _graph_faults(workload: Workload) -> list[Fault]:
    """Return everything wrong between the ops: names, order, shapes, outputs."""
    faults: list[Fault] = []
    every_name = [item.name for item in chain(workload.inputs, workload.ops)]
    shapes: dict[str, Shape] = {}
    for index, item in enumerate(workload.inputs):
        faults += _twice(("inputs", index, "name"), item.name, shapes)
        shapes[item.name] = item.shape
    for index, op in enumerate(workload.ops):
        faults += _twice(("ops", index, "name"), op.name, shapes)
        unknown = _unknown_inputs(index, op, shapes, every_name)
        faults += unknown or _wrong_shape(index, op, shapes)
        shapes[op.name] = op.shape
    for index, name in enumerate(workload.outputs):
        if name not in shapes:
            message = f"found {name!r}; expected the name of an op; {meant(name, shapes)}"
            faults.append(Fault(("outputs", index), message))
    return faults


def _twice(loc: Loc, name: str, seen: Mapping[str, Shape]) -> list[Fault]:
    if name not in seen:
        return []
    return [Fault(loc, f"found {name!r} a second time; expected unique names; rename one")]


def _unknown_inputs(
    index: int, op: Op, shapes: Mapping[str, Shape], every_name: list[str]
) -> list[Fault]:
    faults = []
    for place, name in enumerate(op.inputs):
        if name in shapes:
            continue
        if name in every_name:
            remedy = "it comes later, or is the op itself: put ops in order; a cycle cannot run"
        else:
            remedy = meant(name, every_name)
        message = f"{op.name}: found input {name!r}; expected a workload input or an earlier op; "
        faults.append(Fault(("ops", index, "inputs", place), message + remedy))
    return faults


def _wrong_shape(index: int, op: Op, shapes: Mapping[str, Shape]) -> list[Fault]:
    try:
        inferred = op.infer_shape(*(shapes[name] for name in op.inputs))
    except WorkloadError as error:
        return [Fault(("ops", index), f"{op.name}: {error}; correct the op or what it reads")]
    if inferred == op.shape:
        return []
    message = f"{op.name}: found shape {text(op.shape)}; expected {text(inferred)} from its inputs"
    return [Fault(("ops", index, "shape"), f"{message}; correct the op or what it reads")]
