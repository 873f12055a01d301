"""An accuracy made up by hand: two products, one of them read without a converter."""

from __future__ import annotations

from typing import Any

from archsim.functional import Accuracy, Estimate, Interval, OpPrecision

A = OpPrecision(
    op="a",
    macs=60,
    fan_in=9,
    repetitions=4.0,
    photons_per_mac=12.5,
    signal_std=1.0,
    noise_std=0.1,
    snr_db=20.0,
    noise_bits=3.0,
    adc_bits=8,
)
B = OpPrecision(
    op="b",
    macs=48,
    fan_in=16,
    repetitions=2.5,
    photons_per_mac=None,
    signal_std=1.0,
    noise_std=0.0,
    snr_db=float("inf"),
    noise_bits=float("inf"),
    adc_bits=None,
)


def accuracy(**changes: Any) -> Accuracy:
    found = {
        "task": "tiny",
        "hardware": "tiny",
        "metric": "top1",
        "unit": "%",
        "examples": 1200,
        "trials": 2,
        "seed": 7,
        "batch": 50,
        "clean": 98.5,
        "quantised": 98.0,
        "noisy": Estimate(96.0, Interval(95.0, 97.0), Interval(94.5, 97.25)),
        "drop": Estimate(2.0, Interval(1.0, 3.0), Interval(0.75, 3.5)),
        "values": (95.5, 96.5),
        "ops": (A, B),
        "noise": ("detector.shot", "tia.ktc"),
        "provenance": {"bits": "8, 4", "task": "tiny"},
    } | changes
    return Accuracy(**found)


def without_noise() -> Accuracy:
    still = Estimate(98.0, None, Interval(97.0, 99.0))
    nothing = Estimate(0.0, None, Interval(0.0, 0.0))
    return accuracy(noisy=still, drop=nothing, values=(98.0,), trials=1, ops=(), noise=())
