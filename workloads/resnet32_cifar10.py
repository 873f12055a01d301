"""ResNet-32 for CIFAR-10: K. He et al., CVPR 2016, section 4.2, shortcuts of option A."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("workloads.models.cifar_resnet:resnet32", ["1x3x32x32"], name="resnet32_cifar10")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
