"""EfficientNet-Lite0: M. Tan and Q. Le, ICML 2019, in its form for integer hardware."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace(
    "workloads.models.efficientnet_lite:EfficientNetLite0",
    ["1x3x224x224"],
    name="efficientnet_lite0",
)
save_workload(workload, Path(__file__).with_suffix(".yaml"))
