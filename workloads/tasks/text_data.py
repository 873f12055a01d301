"""Labelled sentences as numbers of tokens, and MiniLM with its weights.

All sentences of a set have one length: the smallest multiple of 8 that cuts no sentence of the
test set (of those up to 128 tokens; none is longer). Shorter ones are padded, and a mask says
where; longer ones for training are cut (16 of SST-2, 11 of STS-B).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from archsim.errors import WorkloadError
from archsim.functional.task import Examples
from archsim.functional.weights import load_weights
from workloads.models.minilm import WIDTH, MiniLm, SentenceClassifier, SentenceSimilarity
from workloads.tasks.image_data import file, unfit

SST2_TOKENS = 56  # its longest test sentence has 53
STSB_TOKENS = 48  # its longest test sentence has 46
_PUBLISHED = "text/minilm/model.safetensors"
_FINE_TUNED = "text/minilm_sst2_finetuned_fp16.pt"
_TOKENS = "text/minilm/tokenizer.json"
_SST2_TESTS, _SST2_TRAINING = "text/sst2/dev.tsv", "text/sst2/train.tsv"
_STSB_TESTS, _STSB_TRAINING = "text/stsb/stsb-en-test.csv", "text/stsb/stsb-en-train.csv"
SST2_FILES = (_SST2_TESTS, _SST2_TRAINING, _TOKENS, _PUBLISHED, _FINE_TUNED)
STSB_FILES = (_STSB_TESTS, _STSB_TRAINING, _TOKENS, _PUBLISHED)
MODULES = ("tokenizers",)
_SST2_CALIBRATION = 256
_STSB_CALIBRATION = 128
_PLACES = 512


class Sentences(NamedTuple):
    """Sentences, or pairs of them, with what is known about each.

    Attributes:
        inputs: Numbers of tokens, N (x 2) x length, int64, and where there are any, bool.
        targets: N labels, int64, or N scores, float64.
        calibration: Training examples of the same kind as ``inputs``.
        learning: Training examples with targets; none of them is a test example.
    """

    inputs: tuple[Tensor, Tensor]
    targets: Tensor
    calibration: tuple[Tensor, Tensor]
    learning: Examples


def sst2() -> Sentences:
    """Return the 872 sentences of SST-2's development set, and all 6,920 for training.

    Those that calibrate are 256 of the latter, at equal distances.
    R. Socher et al., EMNLP 2013: praise is 1, blame 0.
    """
    tests, training = _labelled(_SST2_TESTS), _labelled(_SST2_TRAINING)
    learning = _tokens([sentence for sentence, _ in training], SST2_TOKENS)
    return Sentences(
        _tokens([sentence for sentence, _ in tests], SST2_TOKENS),
        torch.tensor([label for _, label in tests]),
        _spread(learning, _SST2_CALIBRATION),
        Examples(learning, torch.tensor([label for _, label in training])),
    )


def stsb() -> Sentences:
    """Return the 1,379 test pairs of the STS benchmark, and 5,732 for training.

    17 of all 5,749 for training are left out: the test has the same two sentences. 128 of all, at
    equal distances, calibrate.
    D. Cer et al., SemEval 2017, doi 10.18653/v1/S17-2001: alike from 0 to 5.
    """
    tests, training = _scored(_STSB_TESTS), _scored(_STSB_TRAINING)
    inputs, pairs = _pairs(tests), _pairs(training)
    scores, others = _scores(training), ~_among(pairs[0], inputs[0])
    return Sentences(
        inputs,
        _scores(tests),
        _spread(pairs, _STSB_CALIBRATION),
        Examples(tuple(values[others] for values in pairs), scores[others]),
    )


def classifier() -> tuple[nn.Module, str]:
    """Return MiniLM tuned on SST-2, and a line on its weights.

    The embeddings were frozen while it was tuned, so they are the published ones.
    """
    path, model = file(_FINE_TUNED), SentenceClassifier()
    published = _load_published(model)
    content = torch.load(path, map_location="cpu", weights_only=True)
    state = {name: tensor for name, tensor in content.items() if name != "w"} | content.get("w", {})
    wanted = {name for name in model.state_dict() if not name.startswith("embeddings.")}
    odd = sorted(wanted ^ state.keys())
    odd += [name for name in wanted & state.keys() if not torch.isfinite(state[name]).all()]
    if odd:
        raise WorkloadError(
            f"{path}: found tensors missing, unknown or with values that are no numbers "
            f"({', '.join(odd)}); expected an encoder under 'w', cls.weight and cls.bias; "
            "get the file again"
        )
    model.load_state_dict(state, strict=False)  # all but the embeddings, as just checked
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return model, f"{_FINE_TUNED} sha256:{digest}; embeddings of {published}"


def similarity() -> tuple[nn.Module, str]:
    """Return MiniLM that compares two sentences, and a line on its weights."""
    model = SentenceSimilarity()
    return model, _load_published(model)


class _Published(MiniLm):
    """All that the published file holds; places and pooler are not used."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings.register_buffer("position_ids", torch.arange(_PLACES)[None])
        self.pooler = nn.ModuleDict({"dense": nn.Linear(WIDTH, WIDTH)})


def _load_published(model: MiniLm) -> str:
    """Fill encoder and embeddings, and return a line on where they are from."""
    published = _Published()
    digest = load_weights(published, [file(_PUBLISHED)])
    state = published.state_dict()
    shared = {name: state[name] for name in model.state_dict() if not name.startswith("cls.")}
    model.load_state_dict(shared, strict=False)
    return f"{_PUBLISHED} sha256:{digest}"


def _tokens(sentences: Sequence[str], length: int) -> tuple[Tensor, Tensor]:
    from tokenizers import Tokenizer  # only tasks with text need it

    tokenizer = Tokenizer.from_file(str(file(_TOKENS)))
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_id=0, pad_token="[PAD]")
    encoded = tokenizer.encode_batch(list(sentences))
    ids = torch.tensor([item.ids for item in encoded])
    return ids, torch.tensor([item.attention_mask for item in encoded]).to(torch.bool)


def _pairs(rows: Sequence[tuple[str, str, float]]) -> tuple[Tensor, Tensor]:
    sentences = [sentence for first, second, _ in rows for sentence in (first, second)]
    ids, mask = _tokens(sentences, STSB_TOKENS)
    return ids.unflatten(0, (-1, 2)), mask.unflatten(0, (-1, 2))


def _scores(rows: Sequence[tuple[str, str, float]]) -> Tensor:
    return torch.tensor([score for *_, score in rows], dtype=torch.float64)


def _among(pairs: Tensor, tests: Tensor) -> Tensor:
    """Return which pairs are test pairs, too, in either order, as the network reads them."""

    def unordered(pair: Tensor) -> frozenset[bytes]:
        return frozenset(sentence.numpy().tobytes() for sentence in pair)

    known = set(map(unordered, tests))
    return torch.tensor([unordered(pair) in known for pair in pairs])


def _labelled(name: str) -> list[tuple[str, int]]:
    path = file(name)
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.rpartition("\t") for line in lines]
    faults = [
        f"line {place}: found {line!r}; expected a sentence, a tab and 0 or 1"
        for place, (line, row) in enumerate(zip(lines, rows, strict=True), start=1)
        if not row[0] or row[2] not in ("0", "1")
    ]
    _refuse(path, faults, rows)
    return [(sentence, int(label)) for sentence, _, label in rows]


def _scored(name: str) -> list[tuple[str, str, float]]:
    path = file(name)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    faults = [
        f"row {place}: found {','.join(row)!r}; expected two sentences and a score of 0 to 5"
        for place, row in enumerate(rows, start=1)
        if len(row) != 3 or not _is_score(row[2])  # noqa: PLR2004 - columns
    ]
    _refuse(path, faults, rows)
    return [(first, second, float(score)) for first, second, score in rows]


def _is_score(text: str) -> bool:
    try:
        return 0 <= float(text) <= 5  # noqa: PLR2004 - the benchmark's scale
    except ValueError:
        return False


def _refuse(path: Path, faults: list[str], rows: Sequence[object]) -> None:
    if not rows:
        faults = ["found nothing; expected one example a line"]
    if faults:
        raise unfit(path, faults)


def _spread(examples: tuple[Tensor, Tensor], count: int) -> tuple[Tensor, Tensor]:
    """Return that many examples, at equal distances."""
    ids, mask = (values[:: max(len(values) // count, 1)][:count] for values in examples)
    return ids, mask
