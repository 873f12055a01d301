"""SqueezeNet 1.1 (torchvision): F. Iandola et al., arXiv 1602.07360."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("torchvision.models:squeezenet1_1", ["1x3x224x224"], name="squeezenet1_1")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
