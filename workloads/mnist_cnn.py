"""Two convolutions and two linears for MNIST."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("workloads.models.lenet:MnistCnn", ["1x1x28x28"], name="mnist_cnn")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
