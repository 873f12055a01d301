"""MiniLM-L6 that compares two sentences: W. Wang et al., NeurIPS 2020, arXiv 2002.10957.

Two times 48 tokens, of which some are padding: no sentence of the test set of the STS benchmark
(D. Cer et al., SemEval 2017, doi 10.18653/v1/S17-2001) has more than 46.
"""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace(
    "workloads.models.minilm:SentenceSimilarity",
    ["1x2x48:int64", "1x2x48:bool"],
    name="minilm_stsb",
)
save_workload(workload, Path(__file__).with_suffix(".yaml"))
