from __future__ import annotations

import dataclasses
import json
from fractions import Fraction

import numpy as np
import pytest

from archsim.report import Provenance, report_of
from archsim.report.report import ROW_TYPES
from archsim.workload import Workload
from tests.networks import network
from tests.unit.report.tiny import ACTIONS, RECORDS, STREAM, compiled, ledger, machine, record

PROVENANCE = Provenance("0", "sha256:h", "sha256:w", 8, 8, None, "by hand", "auto")
WORKLOAD = Workload(**network())


def report(run=None, made=None):
    return report_of(machine(), WORKLOAD, made or compiled(), run or ledger(), PROVENANCE)


@pytest.fixture(scope="module")
def found():
    return report()


def test_seconds_are_ticks_times_the_tick(found):
    assert found.tick_s == 1e-9
    assert found.makespan_ticks == 60
    assert found.makespan_s == pytest.approx(60e-9)


def test_latency_of_one_input_ends_when_all_of_its_output_is_stored(found):
    assert found.latency_s == pytest.approx(60e-9)


def test_serial_latency_of_a_batch_is_that_of_its_first_input():
    assert report(run=ledger(records=STREAM), made=compiled(inputs=4)).latency_s == pytest.approx(
        55e-9
    )


def test_serial_throughput_is_the_batch_over_the_makespan():
    assert report(made=compiled(inputs=4)).throughput_per_s == pytest.approx(4 / 60e-9)


def test_pipelined_throughput_is_the_rate_of_outputs():
    stream = compiled(inputs=6, schedule="pipelined")
    assert report(run=ledger(records=STREAM), made=stream).throughput_per_s == pytest.approx(
        5 / (60e-9 - 55e-9)
    )


def test_power_is_the_energy_over_the_makespan(found):
    assert found.power_w == pytest.approx(found.energy_j / 60e-9)


def test_a_batch_shares_its_energy(found):
    four = report(made=compiled(inputs=4))
    assert four.energy_j == found.energy_j
    assert four.energy_per_input_j == pytest.approx(found.energy_j / 4)


def test_area_is_that_of_every_instance(found):
    assert found.area_m2 == pytest.approx((8 * 1 + 8 * 2 + 3) * 1e-6)


def test_utilization_is_macs_over_what_was_possible(found):
    rows = found.ops.set_index("op")
    possible_per_tick = 4 * 2 * 2 * 3
    assert rows.utilization["a"] == pytest.approx(60 / (possible_per_tick * 20))
    assert rows.utilization["b"] == pytest.approx(48 / (possible_per_tick * 12))
    assert found.utilization == pytest.approx((60 + 48) / (possible_per_tick * 60))
    assert np.isnan(rows.utilization["r"])


def test_work_on_the_vector_unit_leaves_the_arrays_unused():
    away = dataclasses.replace(compiled().placements["b"], place="vector_unit")
    moved = report(made=compiled(placements=compiled().placements | {"b": away}))
    possible_per_tick = 4 * 2 * 2 * 3
    assert moved.utilization == pytest.approx(60 / (possible_per_tick * 60))
    rows = moved.ops.set_index("op")
    assert rows.utilization["b"] == pytest.approx(48 / (16 * 0.5 * 12))  # 16 lanes at 500 MHz


def test_the_mark_of_stored_outputs_is_no_activity(found):
    assert "(stored)" in {each.op for each in RECORDS}
    assert "(stored)" not in set(found.activity.op)


def test_ops_stand_in_order_with_the_transfers_around_them(found):
    assert list(found.ops.op) == ["(input)", "a", "r", "b", "(output)"]
    assert list(found.ops.kind) == ["input", "linear", "elementwise", "conv", "output"]


def test_what_bounds_an_op_is_said_in_words(found):
    # b: the array is busy 10 of its 12 ns, the buffer 6; a: 15 against 12 of 20
    assert list(found.ops.bound_by) == ["DRAM", "array", "with a", "array", "DRAM"]


def test_an_op_that_did_nothing_has_no_times():
    made = compiled(placements=compiled().placements | {"z": compiled().placements["r"]})
    row = report(made=made).ops.iloc[-2]
    assert row.op == "r"  # the same placement twice; its window is r's
    silent = ledger(records=[r for r in RECORDS if r.op != "r"])
    row = report(run=silent).ops.set_index("op").loc["r"]
    assert np.isnan(row.start_s)
    assert row.energy_j == 0


def test_busy_stall_and_idle_add_up_to_the_makespan(found):
    units = found.units
    assert (units.busy_ticks + units.stall_ticks + units.idle_ticks == 60).all()
    dram = units.set_index("unit").loc["dram"]
    assert (dram.busy_ticks, dram.stall_ticks, dram.idle_ticks) == (24, 20, 16)


def test_frames_hold_every_column_of_their_rows_with_its_type(found):
    for table, row_type in ROW_TYPES.items():
        frame = getattr(found, table)
        assert list(frame.columns) == [column.name for column in dataclasses.fields(row_type)]
        assert frame.select_dtypes("number").shape[1] > 0
        assert (len(frame) > 0) == (table != "precision")  # nobody asked for accuracy
    assert found.ops.repetitions.dtype == np.float64
    assert found.units.busy_ticks.dtype == np.int64


def test_energy_frame_adds_up_to_the_headline(found):
    assert found.energy.energy_j.sum() == pytest.approx(found.energy_j, rel=1e-12)
    assert found.components.energy_j.sum() == pytest.approx(found.energy_j, rel=1e-12)
    assert sum(found.energy_by_op_j.values()) == pytest.approx(found.energy_j, rel=1e-12)


def test_actions_frame_is_the_ledgers(found):
    counts = found.actions.groupby("op")["count"].sum().to_dict()
    assert counts == {op: sum(actions.values()) for op, actions in ACTIONS.items()}


def test_the_document_has_every_key_that_was_promised(found):
    data = found.to_dict()
    promised = (
        "workload hardware engine batch macs latency_s throughput_per_s makespan_ticks tick_s "
        "energy_j power_w area_m2 energy_by_component_j energy_by_op_j ops provenance"
    )
    assert set(promised.split()) <= data.keys()
    per_op = "name kind start_s end_s stall_s bound_by energy_j utilization"
    assert set(per_op.split()) <= data["ops"][0].keys()
    assert data["macs"] == 6912
    assert data["ops"][1]["name"] == "a"
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_every_component_has_an_energy_even_if_it_is_none(found):
    assert list(found.energy_by_component_j) == list(machine().parts())
    assert found.energy_by_component_j["modulator"] == 0


def test_spills_are_told():
    spilling = ACTIONS | {"a": {"dram.write_bit": 8 * 2048, "buffer.read_bit": 8 * 2048}}
    [warning] = [w for w in report(run=ledger(actions=spilling)).warnings if "DRAM" in w]
    assert warning.startswith("buffer.size: found 1 MiB, too small")
    assert "2 KiB of them went to DRAM (a)" in warning


def test_time_divided_ticks_are_exact():
    tick_s = Fraction(1, 10**9) / 256
    assert report(made=compiled(tick_s=tick_s)).makespan_s == float(60 * tick_s)


def test_a_transfer_that_took_no_time_is_left_out():
    only = [r for r in RECORDS if r.op != "(input)"]
    assert "(input)" not in set(report(run=ledger(records=only)).ops.op)
    still = record("buffer.read", "buffer_read", "(input)", stall=3)
    assert "(input)" not in set(report(run=ledger(records=(*only, still))).ops.op)
