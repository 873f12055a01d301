"""A task on a machine, from data to intervals."""

import numpy as np
import pytest
import torch
from torch import nn

from archsim.errors import ArchsimError, ConfigError, WorkloadError
from archsim.functional import (
    AdcRange,
    Conditions,
    Settings,
    Task,
    check_noise_bits,
    evaluate,
    exported,
    measure_precision,
)
from archsim.functional.setup import Setup
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
        assert ticks[-1] == (18, 18)  # five passes, and what noise does to each product
        assert [done for done, _ in ticks] == sorted({done for done, _ in ticks})


def ticks_of(path):
    ticks = []
    run(progress=lambda *tick: ticks.append(tick), checkpoint=path)
    return ticks


def test_progress_of_noise_bits_reaches_its_end():
    passes, resamples = [], []
    check_noise_bits(
        task(),
        load_hardware("homodyne"),
        trials=2,
        batch=25,
        progress=lambda *tick: passes.append(tick),
        resampled=lambda *tick: resamples.append(tick),
    )
    assert passes == [(done, 18) for done in range(1, 19)]
    assert resamples == [(done, 6000) for done in range(1, 6001)]


def test_resamples_are_told_of_without_moving_the_intervals():
    ticks = []
    assert run(resampled=lambda *tick: ticks.append(tick)) == run()
    assert ticks == [(done, 4000) for done in range(1, 4001)]


def test_conditions_are_given_as_one_value_or_one_by_one():
    conditions = Conditions(trials=2, seed=3, batch=25, limit=30, bits=(4, 5))
    alone = {"trials": 2, "seed": 3, "batch": 25, "limit": 30, "bits": (4, 5)}
    machine = load_hardware("homodyne")
    for function in (evaluate, measure_precision, check_noise_bits):
        found = function(task(), machine, 4, conditions)
        assert found == function(task(), machine, 4, **alone)
        assert found == function(task(), machine, 4, Conditions(seed=9), **alone)
        assert found.examples == 30


def test_a_condition_that_there_is_none_of_is_a_mistake():
    with pytest.raises(TypeError, match="trails"):
        evaluate(task(), load_hardware("homodyne"), trails=3)


def test_a_part_of_the_examples_is_said_to_be_one():
    found = run(limit=30)
    assert found.examples == 30
    assert found.provenance["limit"] == "first 30 of 60 examples"
    few = task(inputs=tuple(v[:30] for v in task().inputs), targets=task().targets[:30])
    assert found.values == run(few).values
    assert run(limit=60) == run(limit=None) == run()


def test_a_network_of_another_task_is_refused():
    other = exported(task(name="other"))
    for function in (evaluate, measure_precision, check_noise_bits):
        with pytest.raises(
            ConfigError, match=r"^network: found 'other'; expected that of the task, 's"
        ):
            function(task(), load_hardware("homodyne"), network=other)


def test_a_network_with_other_weights_is_refused():
    trained = small()
    with torch.no_grad():
        trained[2].weight[0, 0] += 1
    other = exported(task(model=trained))
    words = r"^network: found other values than the task's in 1 of 3 tensors \(2.weight\); expected"
    for function in (evaluate, measure_precision, check_noise_bits):
        with pytest.raises(ConfigError, match=words) as error:
            function(task(), load_hardware("homodyne"), network=other)
        assert HOUSE_FORM.match(str(error.value))


def test_a_network_of_another_form_is_refused():
    other = exported(task(model=nn.Sequential(nn.Flatten(), nn.Linear(8, 4)).eval()))
    with pytest.raises(ConfigError, match=r"^network: found other values .* in 3 of 3 tensors"):
        evaluate(task(), load_hardware("homodyne"), network=other)


def test_the_model_is_left_where_and_as_it_is():
    chosen, machine = task(), load_hardware("homodyne")
    there = {name: (tensor.data_ptr(), tensor.clone()) for name, tensor in parts(chosen)}
    network_ = exported(chosen)
    setup = Setup(chosen, machine, 1, Conditions(), network_)
    for module in (setup.simulator, setup.network.graph_module):
        own = {tensor.data_ptr() for tensor in module.state_dict().values()}
        assert not own & {place for place, _ in there.values()}
    evaluate(chosen, machine, trials=1, network=network_)
    for name, tensor in parts(chosen):
        assert tensor.data_ptr() == there[name][0]
        assert torch.equal(tensor, there[name][1])


def parts(of):
    return of.model.state_dict().items()


def test_bits_act_on_a_network_that_is_there_already():
    network_ = exported(task())
    coarse = run(network=network_, bits=(2, 2))
    assert coarse.provenance["bits"] == "2, 2"
    assert coarse == run(bits=(2, 2))
    assert coarse.quantised != run(network=network_).quantised


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


def test_targets_that_are_nearly_all_equal_are_refused_before_any_pass():
    inputs, targets, ticks = torch.randn(40, 8), torch.zeros(40), []
    targets[:6] = torch.arange(6) + 1.0
    model = nn.Sequential(nn.Linear(8, 8), Score()).eval()
    alike = Task("alike", model, (inputs,), targets, (inputs,), metric="spearman")
    with pytest.raises(WorkloadError, match=r"^targets: found 34 of 40 equal, .* 0\.0015 of all"):
        run(alike, progress=lambda *tick: ticks.append(tick))
    assert not ticks
    targets[6:8] = torch.tensor([7.0, 8.0])
    assert run(alike).examples == 40


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


def test_wrong_choices_are_refused_at_once():
    for evaluation in (evaluate, measure_precision, check_noise_bits):
        for wrong in (0, 1.5, "x", True):
            with pytest.raises(ConfigError) as error:
                evaluation(task(), load_hardware("homodyne"), trials=wrong, batch=wrong)
            assert str(error.value) == "\n".join(
                f"{name}: found {wrong!r}; expected a whole number, 1 at least; correct it"
                for name in ("trials", "batch")
            )


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
