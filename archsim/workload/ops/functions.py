"""What one result of an element-by-element function costs the lanes of a vector unit.

The one table of such functions: add a line to add a function. Each count follows from the
algorithm beside it, one lane doing one operation at a time; constants are folded beforehand.
"""

from __future__ import annotations

from archsim.workload.ops._base import LaneOperations

_SIMPLE = LaneOperations(simple=1)
_SPECIAL = LaneOperations(special=1)

ELEMENTWISE: dict[str, LaneOperations] = {
    # one simple operation
    **dict.fromkeys(("add", "sub", "mul", "maximum", "minimum", "relu", "abs", "neg"), _SIMPLE),
    **dict.fromkeys(("sign", "floor", "ceil", "round", "trunc", "cast", "where"), _SIMPLE),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge", "and", "or", "xor", "not"), _SIMPLE),
    # one special function
    **dict.fromkeys(("exp", "log", "erf", "tanh", "sigmoid", "sin", "cos", "atan"), _SPECIAL),
    **dict.fromkeys(("sqrt", "rsqrt", "reciprocal"), _SPECIAL),
    # several
    "square": _SIMPLE,  # x x
    "cube": LaneOperations(2),  # x x x
    "clamp": LaneOperations(2),  # max, min; also relu6 and hardtanh
    "scaled_add": LaneOperations(2),  # a x, + y
    "leaky_relu": LaneOperations(2),  # a x, max; also prelu
    "div": LaneOperations(1, 1),  # 1/y, x
    "remainder": LaneOperations(4, 1),  # 1/y, x, floor, y, -
    "floor_div": LaneOperations(2, 1),  # 1/y, x, floor
    "expm1": LaneOperations(1, 1),  # exp, - 1
    "log1p": LaneOperations(1, 1),  # + 1, log
    "pow": LaneOperations(1, 2),  # log x, y, exp
    "elu": LaneOperations(3, 1),  # exp, - 1, a, select; also selu with its scale folded
    "silu": LaneOperations(1, 1),  # sigmoid, x
    "softplus": LaneOperations(1, 2),  # exp, + 1, log
    "mish": LaneOperations(2, 3),  # softplus, tanh, x
    "hardsigmoid": LaneOperations(4),  # / 6, + 1/2, max, min
    "hardswish": LaneOperations(5),  # hardsigmoid, x
    "gelu": LaneOperations(4, 1),  # x / sqrt 2, erf, + 1, x, / 2
    "gelu_tanh": LaneOperations(8, 1),  # x^2, 0.0447, + 1, x, 0.798, tanh, + 1, x, / 2
}

NORM: dict[str, tuple[LaneOperations, LaneOperations]] = {
    # (per element, per set of statistics); scale and shift cost one more operation each
    # mean: add; x - mean; its square; add it; multiply by 1/std | 1/n twice, + eps, rsqrt
    "layer": (LaneOperations(5), LaneOperations(3, 1)),
    "group": (LaneOperations(5), LaneOperations(3, 1)),
    "instance": (LaneOperations(5), LaneOperations(3, 1)),
    # square; add; multiply by 1/rms | 1/n, + eps, rsqrt
    "rms": (LaneOperations(3), LaneOperations(2, 1)),
    # statistics are known, so it is one scale and one shift, counted here | nothing
    "batch": (LaneOperations(2), LaneOperations()),
}

SOFTMAX: dict[str, tuple[LaneOperations, LaneOperations]] = {
    # (per element, per row): max, subtract, exp, add, multiply | 1/sum
    "softmax": (LaneOperations(4, 1), LaneOperations(0, 1)),
    # max, subtract, exp, add, subtract | log sum
    "log_softmax": (LaneOperations(4, 1), LaneOperations(0, 1)),
}

REDUCE: dict[str, tuple[LaneOperations, LaneOperations]] = {
    # (per element beyond the first, per result)
    "sum": (_SIMPLE, LaneOperations()),
    "mean": (_SIMPLE, _SIMPLE),  # and once 1/n
    "max": (_SIMPLE, LaneOperations()),
    "min": (_SIMPLE, LaneOperations()),
    "prod": (_SIMPLE, LaneOperations()),
    "any": (_SIMPLE, LaneOperations()),
    "all": (_SIMPLE, LaneOperations()),
    "argmax": (LaneOperations(2), LaneOperations()),  # compare, select the index
    "argmin": (LaneOperations(2), LaneOperations()),
    "norm": (LaneOperations(2), LaneOperations(1, 1)),  # square, add | first square, sqrt
    "var": (
        LaneOperations(4),
        LaneOperations(5),
    ),  # add; x - mean, square, add | the first; 1/n twice
}
