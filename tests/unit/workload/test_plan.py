import math

import pytest

from archsim.errors import WorkloadError
from archsim.workload import RepetitionPlan, Workload, load_plan, save_plan
from tests.networks import attention, conv, network, relu


@pytest.fixture
def workload():
    second = conv("second", "relu", in_channels=4, shape=[1, 4, 8, 8])
    return Workload(**network(conv(), relu(), second))


def plan(workload, **counts):
    return RepetitionPlan(fingerprint=workload.fingerprint, counts=counts)


def test_uniform_plan_repeats_every_product(workload):
    uniform = RepetitionPlan.uniform(workload, 4)
    assert uniform.counts == {"conv": (4,), "second": (4,)}
    uniform.check(workload, mode="time")


def test_counts_are_one_or_one_per_channel(workload):
    mixed = plan(workload, conv=[1, 2, 3, 4], second=2.5)
    mixed.check(workload)
    assert mixed.of("conv") == (1, 2, 3, 4)
    assert mixed.of("second") == (2.5,)
    assert mixed.of_columns(workload.op("conv")) == (1, 2, 3, 4)


def test_whole_float_is_a_whole_number(workload):
    assert isinstance(plan(workload, conv=4.0, second=1).of("conv")[0], int)


def test_channel_of_a_transposed_convolution_is_as_many_columns_as_taps():
    up = conv(transposed=True, shape=[1, 4, 8, 8])
    net = Workload(**network(up))
    assert plan(net, conv=[1, 2, 3, 4]).of_columns(net.op("conv")) == tuple(
        count for count in (1, 2, 3, 4) for _ in range(9)
    )


def test_hash_is_of_counts_not_of_provenance(workload):
    base = plan(workload, conv=1, second=2)
    noted = base.model_copy(update={"provenance": {"by": "hand"}})
    assert noted.hash == base.hash
    assert plan(workload, conv=1, second=3).hash != base.hash


@pytest.mark.parametrize(
    "key", ["k" * 10_000, "two\nlines\ttab", "<b>: $x$ # \u202e\U0001f984", "? a"]
)
@pytest.mark.parametrize("ending", ["yaml", "json"])
def test_any_text_can_stand_in_the_provenance(tmp_path, workload, key, ending):
    told = {key: key, "made": "by hand"}
    plan = RepetitionPlan.uniform(workload, 2).model_copy(update={"provenance": told})
    save_plan(plan, tmp_path / f"plan.{ending}")
    assert load_plan(tmp_path / f"plan.{ending}", workload).provenance == told


def test_plan_survives_its_file(tmp_path, workload):
    for suffix in ("yaml", "json"):
        saved = plan(workload, conv=[1, 2, 3, 4], second=2.5)
        save_plan(saved, tmp_path / f"plan.{suffix}")
        assert load_plan(tmp_path / f"plan.{suffix}", workload) == saved


def test_every_structural_fault_is_reported_at_once(workload):
    wrong = RepetitionPlan(
        fingerprint="sha256:" + "0" * 64, counts={"relu": 1, "cnov": 2, "conv": [1, 2]}
    )
    with pytest.raises(WorkloadError) as error:
        wrong.check(workload)
    for expected in (
        "plan: fingerprint: found sha256:0000",
        "counts.relu: found an op of kind elementwise; expected a GEMM",
        "counts.cnov: found no such op; expected a GEMM; did you mean 'conv'?",
        "counts.conv: found 2 numbers; expected one number, or 4, one per output channel",
        "counts: found nothing for GEMM 'second'",
    ):
        assert expected in str(error.value)
    assert len(str(error.value).splitlines()) == 5


def test_a_plan_learned_for_another_network_is_one_fault(workload):
    other = "sha256:" + "0" * 64
    made = {"task": "resnet20", "workload": other}
    wrong = RepetitionPlan(fingerprint=other, counts={"conv1": 2}, provenance=made)
    (fault,) = wrong.faults(workload)
    assert fault.message.startswith(
        f"found {wrong.fingerprint} of 'resnet20'; expected {workload.fingerprint} of workload"
    )


def test_attention_has_one_count_only():
    with pytest.raises(WorkloadError, match="one number: its columns are positions"):
        plan(attention(), scores=[1] * 5).check(attention())


@pytest.mark.parametrize("mode", ["time", "space"])
@pytest.mark.parametrize("count", [0.5, 2.5])
def test_fractions_cannot_be_repeated_in_time_or_space(workload, mode, count):
    with pytest.raises(WorkloadError, match=f"conv: found {count}; expected whole numbers from 1"):
        plan(workload, conv=count, second=1).check(workload, mode=mode)


def test_power_is_one_count_within_the_lasers_limits(workload):
    plan(workload, conv=0.5, second=2.5).check(workload, mode="power", power_limits=(0.5, 2.5))
    with pytest.raises(WorkloadError) as error:
        plan(workload, conv=[1, 1, 1, 1], second=3).check(
            workload, mode="power", power_limits=(0.5, 2.5)
        )
    assert "conv: found 4 numbers; expected one with repetition: power" in str(error.value)
    assert "second: found 3; expected 0.5 to 2.5, the laser's limits" in str(error.value)


@pytest.mark.parametrize("count", [math.nan, math.inf, 0, -1, True, "4", []])
def test_number_that_counts_nothing_is_refused(workload, count):
    with pytest.raises(WorkloadError, match=r"repetitions: found .*; expected"):
        RepetitionPlan.uniform(workload, count)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("counts: {conv: 1}", "fingerprint: found nothing"),
        ("fingerprint: abc\ncounts: {conv: 1}", "fingerprint: found"),
        (
            "fingerprint: {print}\ncounts: {{conv: 0, second: [1, -2]}}",
            "found -2; expected a finite",
        ),
        ("fingerprint: abc\ncounts: {conv: 1}", "found 'abc'; expected sha256: and 64 hexadecimal"),
        (
            "fingerprint: {print}\ncounts:\n  conv: 1\n  second: [1, 2]",
            "plan.yaml:4:3: counts.second: found 2 numbers; expected one number, or 4, one per",
        ),
        ("fingerprint: {print}\ncounts: {{conv: x}}", "counts.conv: found 'x'; expected a number"),
        ("fingerprint: {print}\ncounts: {{conv: 1}}", "found nothing for GEMM 'second'"),
    ],
)
def test_broken_plan_file_is_told_in_house_form(tmp_path, workload, text, expected):
    path = tmp_path / "plan.yaml"
    path.write_text(text.format(print=workload.fingerprint) if "{print}" in text else text)
    with pytest.raises(WorkloadError) as error:
        load_plan(path, workload)
    assert expected in str(error.value)
    assert all(line.startswith(str(path)) for line in str(error.value).splitlines())


def test_plan_file_that_does_not_suit_the_machine_is_told_with_line_and_column(tmp_path, workload):
    path = tmp_path / "plan.yaml"
    save_plan(plan(workload, conv=1.5, second=3), path)
    line = path.read_text().splitlines().index("  conv: 1.5") + 1
    with pytest.raises(WorkloadError) as error:
        load_plan(path, workload, mode="time")
    assert f"plan.yaml:{line}:3: counts.conv: found 1.5; expected whole" in str(error.value)
    with pytest.raises(WorkloadError) as error:
        load_plan(path, workload, mode="power", power_limits=(0.5, 2))
    assert f"plan.yaml:{line + 1}:3: counts.second: found 3; expected 0.5 to 2" in str(error.value)


def test_workload_without_products_has_no_plan():
    net = Workload(**network(relu(inputs=["image"], shape=[1, 3, 8, 8])))
    with pytest.raises(WorkloadError, match="found no GEMM"):
        RepetitionPlan.uniform(net, 2)


def test_plan_speaks_only_of_its_ops(workload):
    with pytest.raises(WorkloadError, match="found no op 'third'"):
        RepetitionPlan.uniform(workload, 2).of("third")
