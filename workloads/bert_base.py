"""BERT-base, encoder and pooler (transformers), 128 tokens without padding.

J. Devlin et al., NAACL 2019, arXiv 1810.04805.
"""

from pathlib import Path

from archsim.frontend import trace
from archsim.workload import save_workload

workload = trace("workloads.models.bert:bert_base", ["1x128:int64"], name="bert_base")
save_workload(workload, Path(__file__).with_suffix(".yaml"))
