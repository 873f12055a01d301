"""ResNet-50 (torchvision): K. He et al., CVPR 2016; stride in the 3 x 3 convolution."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("torchvision.models:resnet50", ["1x3x224x224"], name="resnet50")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
