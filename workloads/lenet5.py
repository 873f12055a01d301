"""LeNet-5: Y. LeCun et al., Proc. IEEE 86(11), 2278 (1998)."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("workloads.models.lenet:lenet5", ["1x1x32x32"], name="lenet5")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
