"""MiniLM-L6 on sentences of fixed length: to classify one, or to compare two.

W. Wang et al., NeurIPS 2020, arXiv 2002.10957: an encoder as in BERT (J. Devlin et al., NAACL 2019,
arXiv 1810.04805) of 6 layers, width 384, 12 heads; a sentence is the mean over its tokens
(N. Reimers and I. Gurevych, EMNLP 2019, arXiv 1908.10084). Parameter names are those of the weights
of sentence-transformers/all-MiniLM-L6-v2.

What is masked gets a score of minus infinity, not of some large number, so that scores can be
quantised.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, LAYERS = 384, 12, 6
_WORDS, _PLACES, _SEGMENTS = 30522, 512, 2


def _norm() -> nn.Module:
    return nn.LayerNorm(WIDTH, eps=1e-12)


class Embeddings(nn.Module):
    """The sum of what a token, its place and its segment, always the first, stand for."""

    def __init__(self) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(_WORDS, WIDTH)
        self.position_embeddings = nn.Embedding(_PLACES, WIDTH)
        self.token_type_embeddings = nn.Embedding(_SEGMENTS, WIDTH)
        self.LayerNorm = _norm()

    def forward(self, ids: Tensor) -> Tensor:
        """Return batch x tokens x width."""
        places = self.position_embeddings.weight[: ids.shape[1]]
        constant = places + self.token_type_embeddings.weight[0]
        return self.LayerNorm(self.word_embeddings(ids) + constant)


class SelfAttention(nn.Module):
    """What each token takes from the others."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        batch, count, width = tokens.shape
        shape = (batch, count, HEADS, width // HEADS)
        query, key, value = (
            linear(tokens).reshape(shape).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return mixed.transpose(1, 2).reshape(batch, count, width)


class Output(nn.Module):
    """A linear and a shortcut, then a norm."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, WIDTH)
        self.LayerNorm = _norm()

    def forward(self, tokens: Tensor, shortcut: Tensor) -> Tensor:
        """Return tokens of the shortcut's shape."""
        return self.LayerNorm(self.dense(tokens) + shortcut)


class Attention(nn.Module):
    """Self-attention and what follows it."""

    def __init__(self) -> None:
        super().__init__()
        self.self = SelfAttention()
        self.output = Output(WIDTH)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        return self.output(self.self(tokens, mask), tokens)


class Intermediate(nn.Module):
    """A widening linear and a GELU."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(WIDTH, 4 * WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens, four times as wide."""
        return functional.gelu(self.dense(tokens))


class Layer(nn.Module):
    """Attention, then two linears for each token."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.intermediate = Intermediate()
        self.output = Output(4 * WIDTH)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        tokens = self.attention(tokens, mask)
        return self.output(self.intermediate(tokens), tokens)


class Encoder(nn.Module):
    """All layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        for layer in self.layer:
            tokens = layer(tokens, mask)
        return tokens


class MiniLm(nn.Module):
    """Sentences as vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = Embeddings()
        self.encoder = Encoder()

    def pooled(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the mean over each sentence's tokens, batch x width.

        Args:
            ids: Numbers of tokens, batch x tokens.
            mask: False where there is no token, as bool, batch x tokens.
        """
        tokens = self.encoder(self.embeddings(ids), mask[:, None, None, :])
        present = mask[:, :, None].to(tokens.dtype)
        return (tokens * present).sum(1) / present.sum(1)


class SentenceClassifier(MiniLm):
    """MiniLM and a linear to two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.cls = nn.Linear(WIDTH, 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return class scores, batch x 2, of sentences, batch x tokens."""
        return self.cls(self.pooled(ids, mask))


class SentenceSimilarity(MiniLm):
    """The cosine between two sentences."""

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return similarities, batch, of pairs of sentences, batch x 2 x tokens."""
        both = self.pooled(ids.flatten(0, 1), mask.flatten(0, 1)).unflatten(0, (-1, 2))
        unit = both / both.norm(dim=-1, keepdim=True)
        return (unit[:, 0] * unit[:, 1]).sum(-1)
