import re

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from archsim.errors import WorkloadError
from archsim.functional.metrics import METRICS

TOP1, SPEARMAN = METRICS["top1"], METRICS["spearman"]


def test_metrics_are_known_by_name_with_their_unit():
    assert {name: (metric.name, metric.unit) for name, metric in METRICS.items()} == {
        "top1": ("top1", "%"),
        "spearman": ("spearman", ""),
    }


def test_an_answer_is_right_where_the_own_class_scores_highest():
    outputs = torch.tensor([[0.0, 3.0, 1.0], [2.0, 1.0, 0.0], [-3.0, -2.0, -1.0]])
    results = TOP1.results(outputs, torch.tensor([1, 2, 2]))
    assert results.tolist() == [1.0, 0.0, 1.0]
    assert results.dtype == np.float64
    assert TOP1.value(results, torch.tensor([1, 2, 2])) == pytest.approx(200 / 3)


def test_of_classes_with_equal_scores_the_first_is_the_answer():
    outputs = torch.zeros(3, 3)
    assert TOP1.results(outputs, torch.tensor([0, 1, 2])).tolist() == [1.0, 0.0, 0.0]


def test_right_answers_are_averaged_over_trials():
    assert TOP1.value(np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([0, 1])) == 75.0


def test_results_of_scores_are_the_scores():
    outputs = torch.tensor([0.5, 0.25], requires_grad=True)
    results = SPEARMAN.results(outputs, torch.tensor([1.0, 2.0], dtype=torch.float64))
    assert results.tolist() == [0.5, 0.25]
    assert results.dtype == np.float64


def test_rank_correlation_by_hand():
    # ranks 1 2 3 4 5 against 2 1 4 3 5: 1 - 6 · (1 + 1 + 1 + 1) / (5 · 24) = 0.8
    assert SPEARMAN.value(np.array([1, 10, 11, 12, 99]), np.array([2, 1, 4, 3, 5])) == (
        pytest.approx(0.8)
    )


def test_rank_correlation_with_ties_is_that_of_scipy():
    generator = np.random.default_rng(4)
    for _ in range(20):
        scores, targets = generator.integers(0, 9, (2, 40)).astype(float)
        assert SPEARMAN.value(scores, torch.from_numpy(targets)) == pytest.approx(
            spearmanr(scores, targets).statistic
        )


def test_rank_correlation_is_averaged_over_trials():
    targets = np.array([1.0, 2.0, 3.0])
    assert SPEARMAN.value(np.array([targets, targets**3]), targets) == pytest.approx(1.0)
    assert SPEARMAN.value(np.array([targets, -targets]), targets) == pytest.approx(0.0)


def test_scores_that_are_all_equal_rank_nothing():
    assert SPEARMAN.value(np.ones(3), np.array([1.0, 2.0, 3.0])) == 0.0


def test_targets_that_fit_the_outputs_are_taken_for_any_batch():
    TOP1.check((8, 10), torch.arange(10))
    SPEARMAN.check((8,), torch.tensor([0.5, 1.0, 2.0]))
    SPEARMAN.check((8,), torch.tensor([0, 1, 2]))


@pytest.mark.parametrize(
    ("metric", "shape", "targets", "message"),
    [
        (TOP1, (2, 3, 4), [0], "outputs: found 2x3x4; expected N x classes, 2 or more"),
        (TOP1, (2,), [0], "outputs: found 2; expected N x classes"),
        (TOP1, (2, 1), [0], "outputs: found 2x1; expected N x classes, 2 or more"),
        (TOP1, (2, 3), [0.0], "targets: found 1 of float32; expected N labels, whole numbers"),
        (TOP1, (2, 3), [True], "targets: found 1 of bool; expected N labels, whole numbers"),
        (TOP1, (2, 3), [[0]], "targets: found 1x1 of int64; expected N labels"),
        (TOP1, (2, 3), 0, "targets: found one number of int64; expected N labels"),
        (
            TOP1,
            (4, 10),
            [0, 10, 3, -1],
            "targets: found 2 of 4 labels out of range (10 at index 1, -1 at index 3); "
            "expected 0 to 9; correct them, or take a model of more classes",
        ),
        (TOP1, (9, 2), [5] * 8, "5 at index 4 and 3 more); expected 0 to 1"),
        (SPEARMAN, (2, 3), [0.0, 1.0], "outputs: found 2x3; expected N scores; return one number"),
        (SPEARMAN, (2,), [[0.0, 1.0]], "targets: found 1x2 of float32; expected N scores"),
        (SPEARMAN, (2,), [True, False], "targets: found 2 of bool; expected N scores"),
        (
            SPEARMAN,
            (3,),
            [0.0, float("nan"), float("inf")],
            "targets: found 2 of 3 NaN or infinite; expected numbers; correct them",
        ),
        (
            SPEARMAN,
            (3,),
            [2.0, 2.0, 2.0],
            "targets: found no two of 3 that differ; expected scores to rank by; give more data",
        ),
    ],
)
def test_targets_that_outputs_cannot_meet_are_refused(metric, shape, targets, message):
    with pytest.raises(WorkloadError, match=re.escape(message)):
        metric.check(shape, torch.tensor(targets))


def test_faults_of_outputs_and_targets_are_told_together():
    with pytest.raises(WorkloadError, match=r"(?s)outputs: found 2x3.*\ntargets: found 1x1"):
        SPEARMAN.check((2, 3), torch.tensor([[1.0]]))


@pytest.mark.parametrize(
    ("metric", "outputs"), [(TOP1, torch.ones(3, 2)), (SPEARMAN, torch.ones(3))]
)
def test_outputs_that_are_no_numbers_are_counted_by_example(metric, outputs):
    outputs[1:] = torch.tensor(float("inf"))
    outputs[2:] = torch.tensor(float("nan"))
    with pytest.raises(
        WorkloadError,
        match="outputs: found NaN or infinite ones for 2 of 3 examples; expected numbers; check",
    ):
        metric.results(outputs, torch.tensor([0, 1, 1]))


@pytest.mark.parametrize(
    ("metric", "outputs"), [(TOP1, torch.ones(3, 2)), (SPEARMAN, torch.ones(3))]
)
def test_outputs_are_as_many_as_targets(metric, outputs):
    with pytest.raises(WorkloadError, match="outputs: found 3; expected one for each of 2 targets"):
        metric.results(outputs, torch.tensor([0, 1]))


def test_outputs_of_another_shape_give_no_results():
    with pytest.raises(WorkloadError, match="outputs: found 3x1; expected N scores"):
        SPEARMAN.results(torch.ones(3, 1), torch.ones(3))
    with pytest.raises(WorkloadError, match="outputs: found 3; expected N x classes"):
        TOP1.results(torch.ones(3), torch.tensor([0, 0, 0]))
