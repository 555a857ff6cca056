"""The graph of a BERT-family encoder, against the formulas written out in numpy."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import save_file

from indexer.embedding.bert import BertConfig, Weights, encoder
from indexer.errors import ModelMismatchError, ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tiny_bert import TinyBert

erf = np.vectorize(math.erf)


def reference(bert: TinyBert, ids: list[int], pooling: str, first_position: int = 0) -> np.ndarray:
    """One text's unit vector, in float64, by the formulas of the two papers."""
    arrays = {name: values.astype(np.float64) for name, values in bert.arrays.items()}
    heads = bert.config["num_attention_heads"]

    def norm(x: np.ndarray, part: str) -> np.ndarray:
        centered = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centered**2).mean(-1, keepdims=True) + bert.config["layer_norm_eps"])
        return centered / spread * arrays[part + ".weight"] + arrays[part + ".bias"]

    def linear(x: np.ndarray, part: str) -> np.ndarray:
        return x @ arrays[part + ".weight"].T + arrays[part + ".bias"]

    def split(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(ids), heads, -1).swapaxes(0, 1)

    places = np.arange(first_position, first_position + len(ids))
    x = arrays["embeddings.word_embeddings.weight"][ids]
    x = x + arrays["embeddings.position_embeddings.weight"][places]
    x = norm(x + arrays["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(bert.config["num_hidden_layers"]):
        part = f"encoder.layer.{layer}."
        q, k, v = (
            split(linear(x, f"{part}attention.self.{name}")) for name in ("query", "key", "value")
        )
        scores = q @ k.swapaxes(1, 2) / math.sqrt(q.shape[-1])
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = (shares @ v).swapaxes(0, 1).reshape(len(ids), -1)
        x = norm(
            x + linear(mixed, part + "attention.output.dense"), part + "attention.output.LayerNorm"
        )
        inner = linear(x, part + "intermediate.dense")
        inner = inner * (1 + erf(inner / math.sqrt(2))) / 2
        x = norm(x + linear(inner, part + "output.dense"), part + "output.LayerNorm")
    pooled = x.mean(0) if pooling == "mean" else x[0]
    return pooled / np.linalg.norm(pooled)


def embed(bert: TinyBert, ids: list[list[int]], pooling: str) -> np.ndarray:
    config = BertConfig.read(bert.folder / "config.json")
    model = encoder(config, Weights.read(bert.folder / "model.safetensors"), pooling)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"input_ids": np.array(ids)})[0]


@pytest.mark.parametrize("length", [1, 2, 13, 40])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_graph_computes_the_papers_formulas(
    tiny_bert: TinyBert, pooling: str, length: int
) -> None:
    ids = np.random.default_rng(length).integers(0, 1200, (3, length)).tolist()
    expected = [reference(tiny_bert, text, pooling) for text in ids]
    np.testing.assert_allclose(embed(tiny_bert, ids, pooling), expected, atol=2e-6)


def test_roberta_counts_positions_from_after_the_padding(
    make_tiny_bert: Callable[..., TinyBert],
) -> None:
    bert = make_tiny_bert("", {"model_type": "roberta", "pad_token_id": 1, "type_vocab_size": 1})
    ids = [2, 30, 40, 3]
    expected = reference(bert, ids, "mean", first_position=2)
    np.testing.assert_allclose(embed(bert, [ids], "mean")[0], expected, atol=2e-6)
    assert np.abs(expected - reference(bert, ids, "mean")).max() > 1e-3


def test_a_prefix_before_the_names_of_the_arrays_is_found(
    tiny_bert: TinyBert, make_tiny_bert: Callable[..., TinyBert]
) -> None:
    prefixed = make_tiny_bert("bert.")
    ids = [[2, 30, 40, 3]]
    np.testing.assert_array_equal(embed(prefixed, ids, "cls"), embed(tiny_bert, ids, "cls"))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"model_type": "mpnet"}, "'mpnet'.*'bert', 'roberta' or 'xlm-roberta'"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"position_embedding_type": "relative_key"}, "relative_key"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0"),
    ],
)
def test_another_architecture_is_named_and_refused(
    make_tiny_bert: Callable[..., TinyBert], change: dict[str, object], named: str
) -> None:
    config = make_tiny_bert("").folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    with pytest.raises(ModelMismatchError, match=named) as raised:
        BertConfig.read(config)
    assert "searchsvc model export" in str(raised.value)


def test_a_configuration_that_is_absent_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"config\.json"):
        BertConfig.read(tmp_path / "config.json")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelMismatchError, match="not JSON"):
        BertConfig.read(tmp_path / "config.json")


def test_weights_that_are_absent_or_damaged_are_refused(
    tiny_bert: TinyBert, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(ModelUnavailableError, match="no such weights"):
        Weights.read(path)
    path.write_bytes((tiny_bert.folder / "model.safetensors").read_bytes()[:-100])
    with pytest.raises(ModelMismatchError, match="not a readable safetensors file"):
        Weights.read(path)


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"encoder.conv.weight": np.zeros(3, np.float32)}, path)
    with pytest.raises(ModelMismatchError, match="found 0 arrays"):
        Weights.read(path)


def test_a_missing_array_is_named(make_tiny_bert: Callable[..., TinyBert], tmp_path: Path) -> None:
    bert = make_tiny_bert("")
    bert.arrays.pop("encoder.layer.1.output.dense.weight")
    save_file(bert.arrays, tmp_path / "cut.safetensors")
    config = BertConfig.read(bert.folder / "config.json")
    with pytest.raises(ModelMismatchError, match=r"encoder\.layer\.1\.output\.dense\.weight"):
        encoder(config, Weights.read(tmp_path / "cut.safetensors"), "mean")
