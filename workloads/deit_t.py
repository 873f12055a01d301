"""DeiT-Tiny, 197 tokens: H. Touvron et al., ICML 2021."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("workloads.models.deit:deit_t", ["1x3x224x224"], name="deit_t")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
