"""Results as ``relevance --json`` writes them, small enough to be read."""

from __future__ import annotations

from typing import Any

import pytest

JSON = dict[str, Any]


def _answer(text: str, name: str, value: float | None, top: list[str]) -> JSON:
    measures = {} if value is None else {"nDCG@10": value, "MRR@10": 1.0}
    return {"text": text, "class": name, **measures, "top": top}


def _system(values: tuple[float, float], tops: tuple[list[str], list[str]], **more: Any) -> JSON:
    return {
        "nDCG@10": sum(values) / 2,
        "MRR@10": 1.0,
        "zero_result_rate": 0.016,
        "median_ms": 1.25,
        "p95_ms": 2.5,
        "queries": {
            "q1": _answer("red sofa", "name", values[0], tops[0]),
            "q2": _answer("gren lamp", "typo", values[1], tops[1]),
            # No product is relevant, so that nothing can be measured.
            "q3": _answer("nonsense", "", None, []),
        },
        **more,
    }


@pytest.fixture
def result() -> JSON:
    """Three systems, two measured queries, and everything that the file may have."""
    against = {"difference_low": -0.1, "difference_high": 0.2}
    return {
        "collection": {
            "name": "shop",
            "digest": "0123456789abcdef",
            "products": 1234,
            "queries": 4,
            "judgments": 4,
            "gain": "2^label - 1",
        },
        "machine": {
            "measured_at": "2031-02-03T04:05:06+00:00",
            "cores": 2,
            "versions": {"numpy": "2.4.6"},
        },
        "policy": {"fusion": "weighted"},
        "gains": {"0": 0, "1": 1, "2": 3, "3": 7},
        "baseline": "BM25",
        "qrels": {"q1": {"a": 3, "b": 0, "elsewhere": 3}, "q2": {"c": 2}},
        "products": {
            "a": {
                "title": "Sofa",
                "image_link": "http://127.0.0.1:8000/sample/image/sofa/aa0000.svg",
                "brand": "Plush",
                "price": {"minor_units": 129995, "currency": "EUR"},
            },
            "b": {"title": "Chair", "image_link": "https://shop.example/b.jpg"},
            "c": {"title": "Lamp", "image_link": None, "brand": None, "price": None},
        },
        "systems": {
            "BM25": _system(
                (0.5, 0.7),
                (["b", "a"], ["c"]),
                statistics={"nDCG@10": {"mean": 0.6, "low": 0.5, "high": 0.7, "p": 1.0}},
            ),
            "hybrid (shipped)": _system(
                (1.0, 0.6),
                (["a", "b"], ["d", "c"]),
                statistics={
                    "nDCG@10": {
                        "mean": 0.8,
                        "low": 0.6,
                        "high": 1.0,
                        "difference": 0.2,
                        "p": 0.0004,
                        **against,
                    }
                },
            ),
            "external run": _system((0.0, 0.0), ([], []), median_ms=None, p95_ms=None),
        },
    }
