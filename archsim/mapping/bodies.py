"""What one unit does, while it is written: neighbouring work is joined, equal rounds are rolled up.

Neither changes what is executed, only how much there is to be read: the other units between two
equal rounds of one unit need not do the same twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from archsim.mapping.durations import joined, repeated
from archsim.mapping.program import Instruction, Recv, Repeat, Send, Work, executions

Body = tuple[Instruction, ...]


def add_work(body: list[Instruction], work: Work) -> None:
    """Append work, joined with the work before it if that is of the same op."""
    last = body[-1] if body else None
    if type(last) is Work and last.op == work.op:
        body[-1] = _joined(last, work)
    else:
        body.append(work)


def _joined(first: Work, second: Work) -> Work:
    counts = dict(first.actions)
    for action, n in second.actions:
        counts[action] = counts.get(action, 0) + n
    return Work(first.op, joined(first.ticks, second.ticks), tuple(counts.items()))


def repeat(body: list[Instruction], count: int, part: Body) -> None:
    """Append so many rounds of a part; what the body ends with is rolled up if it is the same."""
    if not count or not part:
        return
    first, length = part[0], len(part)
    if length == 1 and type(first) is Work:  # nothing can happen in between: one stretch of work
        actions = tuple([(action, count * n) for action, n in first.actions])
        add_work(body, Work(first.op, repeated(count, first.ticks), actions))
        return
    if length == 1 and type(first) is Repeat:
        repeat(body, count * first.count, first.body)
        return
    if _ends_with(body, part):
        del body[-length:]
        _roll(body, 1, part)
    if count > 1:
        _roll(body, count, part)
    elif type(first) is Work:
        add_work(body, first)
        body += part[1:]
    else:  # left unrolled for now: what it ends with may yet be joined with what follows
        body += part


def _ends_with(body: list[Instruction], part: Body) -> bool:
    """Return whether a body ends with a part that will not be joined with the same once more."""
    first, last = part[0], part[-1]
    if not body or body[-1] != last or tuple(body[-len(part) :]) != part:
        return False
    return not (type(first) is Work and type(last) is Work and first.op == last.op)


def _roll(body: list[Instruction], count: int, part: Body) -> None:
    """Append a loop, or lengthen the same loop if the body ends with it."""
    last = body[-1] if body else None
    if type(last) is Repeat and last.body == part:
        body[-1] = Repeat(last.count + count, part)
    else:
        body.append(Repeat(count, part))


def tidy(body: list[Instruction]) -> Body:
    """Return a body, now complete, with every loop as long as it can be, and none of one round."""
    if Repeat not in map(type, body):
        return tuple(body)
    made: list[Instruction] = []
    place, end = 0, len(body)
    while place < end:
        item = body[place]
        place += 1
        if type(item) is not Repeat:
            made.append(item)
            continue
        count, part, length = item.count, item.body, len(item.body)
        while (
            place < end and body[place] == part[0] and tuple(body[place : place + length]) == part
        ):
            count, place = count + 1, place + length
        made += part if count == 1 else (Repeat(count, part),)
    return tuple(made)


def sending_ahead(count: int, body: Body, ahead: int) -> list[tuple[int, Body]]:
    """Return a loop with its sends some rounds ahead of its receives, as loops one after the other.

    A memory that reads operands and writes results of the same loop would otherwise wait for each
    result before it reads the next operand, and so pay its latency in every round. What stands
    before the first receive is moved up by as many rounds as ``ahead`` tokens allow; the channel
    has to have room for them. Units that wait for nothing but earlier sends stay free of deadlock.
    """
    if count <= 1:
        return [(count, body)]
    first = next((i for i, instruction in enumerate(body) if _receives(instruction)), len(body))
    sends, receives = body[:first], body[first:]
    sent = Counter[int]()
    for instruction, times in executions(sends):
        if isinstance(instruction, Send):
            sent[instruction.channel] += times
    most = max(sent.values(), default=0)
    if not receives or not most or ahead < most:
        return [(count, body)]
    rounds = min(count, ahead // most)
    return [(rounds, sends), (count - rounds, body), (rounds, receives)]


def _receives(instruction: Instruction) -> bool:
    return any(isinstance(inner, Recv) for inner, _ in executions((instruction,)))


def rebooked(body: Body, ops: Mapping[int, int]) -> Body:
    """Return the same instructions on behalf of other ops; ranks at ports stay as they are."""
    made: list[Instruction] = []
    for item in body:
        if isinstance(item, Work):
            made.append(Work(ops[item.op], item.ticks, item.actions))
        elif isinstance(item, Recv):
            made.append(Recv(item.channel, ops[item.op]))
        elif isinstance(item, Send):
            made.append(Send(item.channel, ops[item.op]))
        elif isinstance(item, Repeat):
            made.append(Repeat(item.count, rebooked(item.body, ops)))
        else:
            made.append(replace(item, op=ops[item.op]))
    return tuple(made)
