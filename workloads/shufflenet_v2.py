"""ShuffleNetV2, width 1.0 (torchvision): N. Ma et al., ECCV 2018."""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("torchvision.models:shufflenet_v2_x1_0", ["1x3x224x224"], name="shufflenet_v2")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
