"""A task on a machine, from data to intervals."""

import numpy as np
import pytest
import torch
from torch import nn

from archsim.errors import ArchsimError, ConfigError, WorkloadError
from archsim.functional import AdcRange, Settings, Task, evaluate
from archsim.hardware import load_hardware
from archsim.workload import RepetitionPlan
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


def test_wrong_choices_are_refused_at_once():
    with pytest.raises(ConfigError, match=r"trials: found 0;.*\n.*batch: found 0;"):
        run(trials=0, batch=0)


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
