"""MiniLM-L6 that tells praise from blame: W. Wang et al., NeurIPS 2020, arXiv 2002.10957.

56 tokens, of which some are padding: no sentence of the development set of SST-2 (R. Socher et al.,
EMNLP 2013) has more than 53.
"""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace(
    "workloads.models.minilm:SentenceClassifier", ["1x56:int64", "1x56:bool"], name="minilm_sst2"
)
save_workload(workload, Path(__file__).with_suffix(".yaml"))
