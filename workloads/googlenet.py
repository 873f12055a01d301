"""GoogLeNet with batch norm, no auxiliary heads (torchvision): C. Szegedy et al., CVPR 2015."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace(
    "torchvision.models:googlenet",
    ["1x3x224x224"],
    kwargs={"aux_logits": False, "init_weights": False},
    name="googlenet",
)
save_workload(workload, Path(__file__).with_suffix(".yaml"))
