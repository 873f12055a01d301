"""SqueezeNet 1.1 on images of 227 pixels, as in Caffe: F. Iandola et al., arXiv 1602.07360."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace(
    "workloads.models.squeezenet:SqueezeNet", ["1x3x227x227"], name="squeezenet1_1_caffe"
)
save_workload(workload, Path(__file__).with_suffix(".yaml"))
