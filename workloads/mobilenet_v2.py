"""MobileNetV2, width 1.0 (torchvision): M. Sandler et al., CVPR 2018."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("torchvision.models:mobilenet_v2", ["1x3x224x224"], name="mobilenet_v2")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
