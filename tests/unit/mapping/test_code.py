"""Loops become jumps."""

from __future__ import annotations

from archsim.mapping.code import Opcode, flatten
from archsim.mapping.program import Acquire, Recv, Release, Repeat, Send, Work


def test_every_instruction_is_one_line_and_a_loop_two_that_know_each_other():
    body = (Recv(7, 0), Repeat(3, (Work(1, 5), Repeat(2, (Send(8, 1),)))), Acquire(4, 0, 6))
    code = flatten([(*body, Release(4, 0))])
    assert [Opcode(opcode).name for opcode in code.opcodes] == [
        "RECV", "LOOP", "WORK", "LOOP", "SEND", "END", "END", "ACQUIRE", "RELEASE",
    ]  # fmt: skip
    assert code.first == (7, 3, 0, 2, 8, 0, 0, 4, 4)
    assert code.durations == (5,)
    assert code.second == (0, 6, 0, 5, 0, 3, 1, 6, 0)
    assert code.ops == (0, -1, 1, -1, 1, -1, -1, 0, 0)
    assert code.times == (1, 1, 3, 3, 6, 3, 1, 1, 1)
    assert code.pairs == [(0, 0), (0, 1)]
