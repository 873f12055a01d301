"""What is left of a run that was killed, and that it goes on bit by bit."""

import hashlib
import io
import json
import re
from dataclasses import asdict, fields

import pytest
import torch

from archsim.errors import ConfigError
from archsim.functional.learning import keep as module
from archsim.functional.learning.keep import Keep, discard
from archsim.functional.learning.learner import Bounds, Learner, Rules
from archsim.functional.learning.price import Price

KEY = {"task": "small", "seed": "1"}
S = torch.tensor([3.0, 0.5, 9.0], dtype=torch.float64)
STEPS = 280
TARGET = 4.0


def price_near(repetitions):
    """Return a price that moves with the counts that it is asked near."""
    shares = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64) + 1e-3 * repetitions.detach()
    knots = torch.tensor([0.0, 1.0], dtype=torch.float64)
    return Price("sum", "", knots, torch.stack([0 * shares, shares], 1)[None], torch.zeros(1))


def noisy(repetitions, step):
    """Return a loss with random numbers of its step."""
    draws = torch.Generator().manual_seed(step)
    return (S * (1 + 0.1 * torch.randn(3, generator=draws)) / repetitions).sum()


def learner():
    bounds = Bounds(torch.full((3,), 1.0).double(), torch.full((3,), 90.0).double())
    return Learner(noisy, price_near, bounds, Rules(steps=STEPS, rate=0.02))


def same(one, other):
    """Return whether two states are the same bit by bit."""
    one, other = asdict(one), asdict(other)
    tensors = [name for name, value in one.items() if isinstance(value, torch.Tensor)]
    assert one["adam"].keys() == other["adam"].keys()
    return (
        all(torch.equal(one[name], other[name]) for name in tensors)
        and all(torch.equal(one["adam"][name], other["adam"][name]) for name in one["adam"])
        and all(one[n] == other[n] for n in one if n not in {*tensors, "adam"})
    )


@pytest.fixture(scope="module")
def unbroken():
    of = learner()
    return list(of.run(of.begin(torch.ones(3), TARGET), TARGET))


@pytest.mark.parametrize("killed", [1, 181, 249, 250, STEPS - 1, STEPS])
def test_a_run_that_was_killed_ends_as_an_unbroken_one(unbroken, killed, tmp_path):
    Keep(tmp_path / "kept", KEY).put("stage-0", unbroken[killed - 1], now=True)
    found = Keep(tmp_path / "kept", KEY).state("stage-0")
    assert same(found, unbroken[killed - 1])
    *_, last = [found, *learner().run(found, TARGET)]
    assert same(last, unbroken[-1])


def test_a_run_may_be_killed_again_and_again(unbroken, tmp_path):
    state = unbroken[0]
    for _ in range(STEPS):
        following = next(learner().run(state, TARGET), None)
        if following is None:
            break
        Keep(tmp_path / "kept", KEY).put("s", following, now=True)
        state = Keep(tmp_path / "kept", KEY).state("s")
        if state.step == 6:
            break
    assert same(state, unbroken[5])


def test_a_state_is_kept_with_all_of_its_fields(unbroken, tmp_path):
    Keep(tmp_path / "kept", KEY).put("s", unbroken[5], now=True)
    content = (tmp_path / "kept" / "s.state").read_bytes()[32:]
    found = torch.load(io.BytesIO(content), weights_only=True)
    assert list(found) == [field.name for field in fields(unbroken[5])]


def test_a_state_is_written_now_or_some_time_after_the_last(unbroken, tmp_path, monkeypatch):
    clock = iter([100.0, 100.0, 109.9, 110.1, 110.1])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    kept = Keep(tmp_path / "kept", KEY)
    seen = []
    for place in range(3):  # the first, one too early, one 10 s after
        kept.put("s", unbroken[place], now=False)
        seen.append(kept.state("s").step)
    assert seen == [1, 1, 3]


def test_stages_are_kept_apart(unbroken, tmp_path):
    kept = Keep(tmp_path / "kept", KEY)
    kept.put("stage-0", unbroken[3], now=True)
    kept.put("stage-1", unbroken[7], now=True)
    assert [kept.state(f"stage-{place}").step for place in (0, 1)] == [4, 8]
    assert kept.state("stage-2") is None
    assert kept.results == tmp_path / "kept" / "results.json"
    assert kept.runs == tmp_path / "kept" / "runs.json"


def test_without_a_folder_nothing_is_kept(unbroken):
    kept = Keep(None, KEY)
    kept.put("s", unbroken[0], now=True)
    assert (kept.state("s"), kept.results, kept.runs) == (None, None, None)
    discard(None)


def test_a_checkpoint_can_be_discarded(unbroken, tmp_path):
    Keep(tmp_path / "kept", KEY).put("s", unbroken[0], now=True)
    discard(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
    discard(tmp_path / "kept")


def test_what_is_no_checkpoint_is_not_discarded(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    discard(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize("damage", [
    lambda _: b"",
    lambda content: content[: len(content) // 2],
    lambda content: content[:-1],
    lambda _: b"no state at all",
    lambda _: b"\x80" * 500,
    lambda _: json.dumps({"step": 1}).encode(),
    lambda content: content[:200] + b"\0" * 400 + content[600:],
    lambda content: content[:-900] + bytes([content[-900] ^ 1]) + content[-899:],
], ids=["empty", "half", "cut", "text", "bytes", "json", "overwritten", "one bit"])  # fmt: skip
def test_a_damaged_state_is_refused(unbroken, damage, tmp_path):
    kept = Keep(tmp_path / "kept", KEY)
    kept.put("s", unbroken[0], now=True)
    path = tmp_path / "kept" / "s.state"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ConfigError) as error:
        Keep(tmp_path / "kept", KEY).state("s")
    assert str(error.value) == (
        f"{path}: found a damaged state; expected one that was written whole; remove it, and that "
        "part is learned anew"
    )
    assert path.exists()


def test_a_state_of_another_version_is_refused(unbroken, tmp_path):
    kept = Keep(tmp_path / "kept", KEY)
    kept.put("s", unbroken[0], now=True)
    path = tmp_path / "kept" / "s.state"
    found = torch.load(io.BytesIO(path.read_bytes()[32:]), weights_only=True)
    del found["met"]
    buffer = io.BytesIO()
    torch.save(found | {"momentum": 0.9}, buffer)
    path.write_bytes(hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())
    with pytest.raises(ConfigError) as error:
        kept.state("s")
    assert str(error.value) == (
        f"{path}: found a state with other fields: met, momentum; expected one of this version of "
        "archsim; remove it, and that part is learned anew"
    )


def test_a_checkpoint_of_another_run_is_refused_and_left(unbroken, tmp_path):
    Keep(tmp_path / "kept", KEY).put("s", unbroken[0], now=True)
    with pytest.raises(ConfigError) as error:
        Keep(tmp_path / "kept", KEY | {"seed": "2"})
    assert str(error.value) == (
        f"{tmp_path / 'kept'}: found a checkpoint of another run, with other seed; expected this "
        "one's; choose another name, or remove it"
    )
    assert Keep(tmp_path / "kept", KEY).state("s").step == 1
    with pytest.raises(ConfigError, match="with other batch, seed; expected"):
        Keep(tmp_path / "kept", {"task": KEY["task"], "batch": "1"})


@pytest.mark.parametrize(
    "mark", [None, "[]", "{}", "no json", '{"key": ', "7", '{"key": "a", "of": 7}']
)
def test_a_folder_of_something_else_is_refused_and_left(mark, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    if mark is not None:
        (folder / "learning.json").write_text(mark)
    with pytest.raises(ConfigError) as error:
        Keep(folder, KEY)
    assert str(error.value) == (
        f"{folder}: found something else than a checkpoint of learning; expected one, or nothing; "
        "choose another name, so that nothing is lost"
    )
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_a_file_in_its_place_is_refused_and_left(tmp_path):
    (tmp_path / "mine").write_text("years of work")
    with pytest.raises(ConfigError, match="found something else than a checkpoint"):
        Keep(tmp_path / "mine", KEY)
    assert (tmp_path / "mine").read_text() == "years of work"


def test_a_folder_in_no_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError) as error:
        Keep(tmp_path / "missing" / "kept", KEY)
    assert re.fullmatch(
        r".*kept: found no folder .*missing; expected one to write to; make it first",
        str(error.value),
    )


@pytest.mark.parametrize("scratch", [None, ".learning.json.x7k2"])
def test_a_run_that_was_killed_as_it_began_begins_again(scratch, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    if scratch:
        (folder / scratch).write_text('{"ke')
    Keep(folder, KEY)
    Keep(folder, KEY)
    assert json.loads((folder / "learning.json").read_text())["key"]


def test_only_what_was_kept_is_discarded(unbroken, tmp_path):
    folder = tmp_path / "kept"
    Keep(folder, KEY).put("s", unbroken[0], now=True)
    (folder / "mine.json").write_text("{}")
    discard(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.json"]
    (folder / "mine.json").unlink()
    Keep(folder, KEY).put("s", unbroken[0], now=True)
    discard(folder)
    assert not folder.exists()
    discard(folder)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="found no folder"):
        Keep(tmp_path / "file" / "kept", KEY)
