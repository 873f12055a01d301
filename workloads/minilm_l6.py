"""MiniLM-L6, encoder and pooler (transformers), 128 tokens without padding.

W. Wang et al., NeurIPS 2020, arXiv 2002.10957.
"""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("workloads.models.bert:minilm_l6", ["1x128:int64"], name="minilm_l6")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
