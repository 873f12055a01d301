"""A task on a machine, from data to intervals."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from archsim.errors import ArchsimError, ConfigError, WorkloadError
from archsim.functional import AdcRange, Settings, Task, check_noise_bits, evaluate, exported
from archsim.functional.evaluation import measure_precision
from archsim.hardware import load_hardware
from archsim.workload import RepetitionPlan
from tests.contract.test_bad_input import HOUSE_FORM
from tests.functional_nets import network

EXAMPLES = 60


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4, bias=False)).eval()


def task(**changes):
    module = small()
    inputs = torch.randn(EXAMPLES, 8)
    with torch.no_grad():
        targets = module(inputs).argmax(1)
    chosen = {
        "name": "small",
        "model": module,
        "inputs": (inputs,),
        "targets": targets,
        "calibration": (inputs[:20],),
    }
    return Task(**chosen | changes)


def run(chosen=None, machine="homodyne", plan=1, **options):
    options = {"trials": 3, "batch": 25} | options
    return evaluate(chosen or task(), load_hardware(machine), plan, **options)


def test_an_evaluation_says_what_it_was_of():
    found = run()
    assert (found.task, found.hardware, found.metric, found.unit) == (
        "small", "homodyne", "top1", "%",
    )  # fmt: skip
    assert (found.examples, found.trials, found.batch, found.seed) == (60, 3, 25, 0)
    assert found.noise == ("detector.shot", "tia.ktc", "adc.noise")
    assert [op.op for op in found.ops] == ["0", "2"]
    assert {"task", "workload", "data_sha256", "hardware", "plan", "settings"} <= set(
        found.provenance
    )


def test_figures_are_means_over_trials_and_paired_with_the_quantised_network():
    found = run()
    assert found.clean == 100
    assert found.noisy.value == pytest.approx(np.mean(found.values))
    assert found.drop.value == pytest.approx(found.quantised - found.noisy.value)
    for estimate in (found.noisy, found.drop):
        assert estimate.over_seeds.low <= estimate.value <= estimate.over_seeds.high
        assert estimate.over_examples.low <= estimate.value <= estimate.over_examples.high


def test_the_same_seed_gives_the_same_evaluation():
    assert run(seed=4) == run(seed=4)
    assert run(seed=4).values != run(seed=5).values


def test_later_trials_do_not_move_earlier_ones():
    assert run(trials=2).values == run(trials=4).values[:2]


def test_without_noise_there_is_one_trial_and_no_drop():
    found = run(settings=Settings(sources=frozenset()))
    assert (found.trials, found.noise, found.ops) == (1, (), ())
    assert found.drop.value == 0
    assert found.noisy.value == found.quantised


def test_a_digital_machine_has_no_noise():
    found = run(machine="digital_int8")
    assert (found.noise, found.trials, found.drop.value) == ((), 1, 0)


def test_nothing_at_all_is_the_network_itself():
    quiet = Settings(None, frozenset(), AdcRange.IDEAL)
    found = run(settings=quiet)
    assert found.clean == found.quantised == found.noisy.value == 100


def test_more_light_loses_less():
    faint = [run(plan=count, settings=Settings(sources=frozenset(("shot",)))).drop.value
             for count in (1, 10_000)]  # fmt: skip
    assert faint[0] > faint[1]


def test_words_can_be_evaluated():
    of = network("attention")
    words = of.inputs[0]
    with torch.no_grad():
        targets = of.module(words).argmax(1)
    found = run(Task("words", of.module, (words,), targets, (words,)))
    assert found.clean == 100
    assert len(found.ops) == 4


def test_progress_reaches_its_end(tmp_path):
    path = tmp_path / "kept.json"
    for _ in range(2):  # the second time everything is there already
        ticks = ticks_of(path)
        assert ticks[-1] == (15, 15)
        assert [done for done, _ in ticks] == sorted({done for done, _ in ticks})


def ticks_of(path):
    ticks = []
    run(progress=lambda *tick: ticks.append(tick), checkpoint=path)
    return ticks


def test_an_interrupted_evaluation_goes_on_where_it_was(tmp_path):
    path, whole = tmp_path / "kept.json", run()

    def interrupt(done, _):
        if done == 11:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=interrupt, checkpoint=path)
    assert path.exists()
    assert run(checkpoint=path) == whole


def test_a_checkpoint_of_other_choices_is_refused(tmp_path):
    path = tmp_path / "kept.json"
    run(checkpoint=path)
    for options in ({"seed": 1}, {"batch": 30}, {"plan": 2}, {"machine": "dota_b"}):
        with pytest.raises(ConfigError, match="found results of another run"):
            run(checkpoint=path, **options)
    assert run(checkpoint=path, trials=4).trials == 4


def test_a_checkpoint_is_of_one_device(tmp_path):
    path = tmp_path / "kept.json"
    run(checkpoint=path)
    with pytest.raises(ConfigError, match="found results of another run"):
        run(checkpoint=path, device="cpu:0")


def test_a_checkpoint_that_lost_a_result_is_refused(tmp_path):
    path = tmp_path / "kept.json"
    run(checkpoint=path)
    document = json.loads(path.read_text())
    document["results"]["trial 1"].pop()
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError, match="found 59 results in 'trial 1'; expected 60 finite ones"):
        run(checkpoint=path)


def test_precision_is_what_an_evaluation_says_of_each_product():
    whole, machine = run(), load_hardware("homodyne")
    found = measure_precision(task(), machine, batch=25)
    assert (found.ops, found.noise, found.provenance) == (whole.ops, whole.noise, whole.provenance)
    assert (found.examples, found.batch, found.seed) == (60, 25, 0)
    assert measure_precision(task(), load_hardware("digital_int8")).ops == ()


def test_precision_is_gathered_over_the_first_examples_only():
    inputs = torch.randn(230, 8)
    many = task(inputs=(inputs,), targets=torch.zeros(230, dtype=torch.int64))
    some = task(inputs=(inputs[:200],), targets=torch.zeros(200, dtype=torch.int64))
    found = [measure_precision(each, load_hardware("homodyne"), batch=50) for each in (many, some)]
    assert found[0].examples == 200
    assert found[0].ops == found[1].ops


def test_noise_bits_are_checked_on_a_network_that_is_there_already():
    machine, network_ = load_hardware("homodyne"), exported(task())
    found = check_noise_bits(task(), machine, 4, trials=2, batch=25, network=network_)
    assert found == check_noise_bits(task(), machine, 4, trials=2, batch=25)
    assert (found.metric, found.unit, found.examples, found.trials) == ("top1", "%", 60, 2)


class Score(nn.Module):
    """One score."""

    def forward(self, inputs):
        return inputs.sum(1)


@pytest.mark.parametrize("examples", [1, 9])
def test_too_few_examples_for_a_rank_correlation_are_refused(examples):
    inputs, targets = torch.randn(examples, 8), torch.arange(examples, dtype=torch.float64)
    model = nn.Sequential(nn.Linear(8, 8), Score()).eval()
    few = Task("few", model, (inputs,), targets, (inputs,), metric="spearman")
    expected = (
        f"^examples: found {examples}; expected 10 at least for an interval of spearman; give more"
    )
    for evaluation in (evaluate, check_noise_bits):
        with pytest.raises(WorkloadError, match=expected):
            evaluation(few, load_hardware("homodyne"))


def test_ten_examples_do_for_a_rank_correlation():
    inputs, targets = torch.randn(10, 8), torch.arange(10, dtype=torch.float64)
    model = nn.Sequential(nn.Linear(8, 8), Score()).eval()
    enough = Task("enough", model, (inputs,), targets, (inputs,), metric="spearman")
    assert run(enough).examples == 10


def test_one_example_is_refused_before_any_pass():
    alone = task(inputs=(torch.randn(1, 8),), targets=torch.tensor([0]))
    ticks = []
    with pytest.raises(WorkloadError, match=r"^examples: found 1; expected 2 at least"):
        run(alone, progress=lambda *tick: ticks.append(tick))
    assert not ticks


WRONG = {
    "name": (3, "3; expected a text"),
    "model": ([1], "a list of int; expected a torch.nn.Module"),
    "inputs": (torch.zeros(3, 8), "a Tensor; expected a tuple of tensors"),
    "calibration": ((), "a tuple of nothing; expected a tuple of tensors"),
    "targets": ([1, 2], "a list of int; expected a tensor"),
    "metric": ("top", "'top'; expected top1 or spearman; did you mean 'top1'?; choose one"),
    "prepare": (None, "None; expected a function"),
    "batch": ("x", "'x'; expected a whole number, 1 at least"),
    "source": ({"a": 1}, "a dict of int; expected texts by name"),
}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        *((name, *case) for name, case in WRONG.items()),
        ("batch", 0, "0; expected a whole number, 1 at least"),
        ("source", None, "None; expected texts by name"),
        ("metric", ["top1"], "a list of str; expected top1 or spearman; choose one"),
        ("inputs", ([1, 2],), "a tuple of list; expected a tuple of tensors"),
    ],
)
def test_what_a_task_cannot_hold_is_refused(name, value, found):
    with pytest.raises(WorkloadError) as error:
        task(**{name: value})
    assert str(error.value).startswith(f"task.{name}: found {found}")
    assert HOUSE_FORM.match(str(error.value))


def test_all_that_a_task_cannot_hold_is_told_at_once():
    with pytest.raises(WorkloadError) as error:
        task(**{name: value for name, (value, _) in WRONG.items()})
    places = [line.partition(":")[0] for line in str(error.value).splitlines()]
    assert sorted(places) == sorted(f"task.{name}" for name in WRONG)


def test_wrong_choices_are_refused_at_once():
    for evaluation in (evaluate, check_noise_bits):
        for wrong in (0, 1.5, "x", True):
            with pytest.raises(ConfigError) as error:
                evaluation(task(), load_hardware("homodyne"), trials=wrong, batch=wrong)
            assert str(error.value) == "\n".join(
                f"{name}: found {wrong!r}; expected a whole number, 1 at least; correct it"
                for name in ("trials", "batch")
            )
    with pytest.raises(ConfigError, match=r"^batch: found 0; expected a whole number"):
        measure_precision(task(), load_hardware("homodyne"), batch=0)


def test_a_plan_of_another_network_is_refused():
    foreign = RepetitionPlan.uniform(network("residual").exported.workload, 2)
    with pytest.raises(WorkloadError, match="use the workload that the plan was made for"):
        run(plan=foreign)


def test_labels_that_there_is_no_score_for_are_refused():
    with pytest.raises(ArchsimError, match="label"):
        run(task(targets=torch.full((EXAMPLES,), 7)))


class Two(nn.Module):
    """Two outputs."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, inputs):
        found = self.linear(inputs)
        return found, found + 1


def test_a_network_of_several_outputs_is_refused():
    inputs = torch.zeros(3, 4)
    several = Task("two", Two().eval(), (inputs,), torch.zeros(3, dtype=torch.int64), (inputs,))
    with pytest.raises(ConfigError, match="model: found outputs of type"):
        run(several)
