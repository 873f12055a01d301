"""Encoders of the BERT family, by Hugging Face's transformers."""

from __future__ import annotations

from torch import nn
from transformers import BertConfig, BertModel


def bert_base() -> nn.Module:
    """Return BERT-base, uncased: encoder and pooler, 109 M parameters.

    J. Devlin et al., NAACL 2019, arXiv 1810.04805: 12 layers, width 768, 12 heads.
    """
    return BertModel(BertConfig())


def minilm_l6() -> nn.Module:
    """Return the encoder and pooler of all-MiniLM-L6-v2: 22.7 M parameters.

    W. Wang et al., NeurIPS 2020, arXiv 2002.10957: 6 layers, width 384, 12 heads.
    """
    sizes = {"hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 6}
    return BertModel(BertConfig(**sizes))
