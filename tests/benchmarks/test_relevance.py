from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from benchmarks.catalogue.cli import write_catalogue
from benchmarks.collection import load_collection
from benchmarks.errors import CollectionError, RunFileError, UnknownSystemError
from benchmarks.relevance import Options, measure_relevance
from benchmarks.summary import MEASURES
from benchmarks.trec_run import read_run
from indexer.embedding.hashing import HashingEmbedder
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product
from searchsvc.policy import RankingPolicy
from searchsvc.relevance.measures import Measure

SYSTEMS = ["rank-bm25", "BM25 (ours)", "vectors", "plain RRF", "hybrid (shipped)"]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collection")
    write_catalogue(folder, products=400, seed=5)
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def result(collection: Path, data_dir: Path) -> dict[str, Any]:
    return measure_relevance(collection, data_dir, HashingEmbedder(64), RankingPolicy())


def test_every_system_is_measured_by_every_measure(result: dict[str, Any]) -> None:
    assert list(result["systems"]) == SYSTEMS
    for system in result["systems"].values():
        for name in MEASURES:
            assert 0 <= system[name] <= 1
        assert system["median_ms"] > 0
        assert 0 <= system["zero_result_rate"] <= 1


def test_the_means_are_those_of_the_queries(result: dict[str, Any], collection: Path) -> None:
    qrels = load_collection(collection).qrels
    for system in result["systems"].values():
        values = [query["nDCG@10"] for query in system["queries"].values() if "nDCG@10" in query]
        assert system["nDCG@10"] == pytest.approx(sum(values) / len(values), abs=1e-3)
        for query_id, query in system["queries"].items():
            if "nDCG@10" in query:
                expected = Measure("nDCG", 10).of(query["top"], qrels[query_id])
                assert query["nDCG@10"] == pytest.approx(expected, abs=1e-4)


def test_lexical_systems_find_what_chance_does_not(result: dict[str, Any]) -> None:
    # A harness that mixes up ids, queries or judgments would fall to nearly nothing.
    for name in ("rank-bm25", "BM25 (ours)", "hybrid (shipped)"):
        assert result["systems"][name]["nDCG@10"] > 0.5


def test_the_statistics_are_those_of_the_queries(result: dict[str, Any]) -> None:
    assert result["baseline"] == "plain RRF"
    assert result["shipped"] == "hybrid (shipped)"
    for name, system in result["systems"].items():
        for measure in MEASURES:
            statistics = system["statistics"][measure]
            assert statistics["mean"] == pytest.approx(system[measure], abs=1.1e-4)
            assert statistics["low"] <= system[measure] <= statistics["high"]
            assert ("p" in statistics) == (name != "plain RRF")
            if "p" in statistics:
                difference = system[measure] - result["systems"]["plain RRF"][measure]
                assert statistics["difference"] == pytest.approx(difference, abs=2e-4)


def test_classes_are_means_of_their_queries(result: dict[str, Any]) -> None:
    for system in result["systems"].values():
        for name, found in system["classes"].items():
            values = [
                query["nDCG@10"]
                for query in system["queries"].values()
                if query["class"] == name and "nDCG@10" in query
            ]
            assert found["queries"] == len(values)
            assert found["nDCG@10"] == pytest.approx(sum(values) / len(values), abs=1e-3)


def test_whoever_reads_the_file_can_show_every_top(
    result: dict[str, Any], collection: Path
) -> None:
    with open_feed(str(collection / "feed.jsonl.gz"), FeedOptions()) as records:
        products = {r.id: r for r in records or () if isinstance(r, Product)}
    tops = {
        product_id
        for system in result["systems"].values()
        for query in system["queries"].values()
        for product_id in query["top"]
    }
    assert result["products"].keys() == tops
    for product_id, shown in result["products"].items():
        product = products[product_id]
        assert (shown["title"], shown["brand"]) == (product.title, product.brand)
        assert shown["image_link"] == product.image_link
        assert product.price is not None
        assert shown["price"] == {
            "minor_units": product.price.minor_units,
            "currency": product.price.currency,
        }
    assert result["qrels"] == load_collection(collection).qrels
    for name in ("collection", "gains", "systems", "qrels", "products"):
        assert json.loads(json.dumps(result[name])) == result[name]


def test_the_meaning_of_the_labels_is_written_down(result: dict[str, Any]) -> None:
    labels = {label for judged in result["qrels"].values() for label in judged.values()}
    assert result["gains"] == {str(label): 2.0**label - 1 for label in sorted(labels)}
    assert result["relevant_from"] == 1
    assert result["measures"]["nDCG@10 judged only"] == "nDCG(judged_only=True)@10"
    assert result["collection"]["missing_products"] == 0


def test_a_written_run_comes_back_as_a_system_of_the_same_values(
    collection: Path, data_dir: Path, tmp_path: Path
) -> None:
    embedder, policy = HashingEmbedder(64), RankingPolicy()
    options = Options(only=("BM25 (ours)", "hybrid"), runs_dir=tmp_path / "runs")
    first = measure_relevance(collection, data_dir, embedder, policy, options)
    assert list(first["systems"]) == ["BM25 (ours)", "hybrid (shipped)"]
    assert first["baseline"] == "BM25 (ours)"
    folder = tmp_path / "runs" / load_collection(collection).slug
    path = folder / "bm25-ours.run"
    assert sorted(folder.iterdir()) == [path, folder / "hybrid-shipped.run"]
    options = Options(without=("rank-bm25", "vectors"), baseline="bm25-ours", run_files=(path,))
    second = measure_relevance(collection, data_dir, embedder, policy, options)
    ours, theirs = (second["systems"][name] for name in ("BM25 (ours)", "bm25-ours"))
    assert read_run(path).tag == second["baseline"] == "bm25-ours"
    assert theirs["queries"] == ours["queries"]
    assert theirs["median_ms"] is theirs["p95_ms"] is None
    assert ours["statistics"]["nDCG@10"]["p"] == 1.0
    assert ours["statistics"]["nDCG@10"]["difference_high"] == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(without=("bm42",)), r"'bm42'; expected one of: rank-bm25; "),
        (Options(baseline="bm42"), r"'bm42'; expected one of: rank-bm25; "),
        (Options(run_files=(Path("no.run"),)), r"no\.run"),
    ],
)
def test_systems_and_runs_that_are_not_there_are_named(
    collection: Path, data_dir: Path, options: Options, message: str
) -> None:
    with pytest.raises((UnknownSystemError, RunFileError), match=message):
        measure_relevance(collection, data_dir, HashingEmbedder(64), RankingPolicy(), options)


def test_a_collection_has_the_same_values_in_every_layout(
    collection: Path, result: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "trec"
    folder.mkdir()
    (folder / "feed.jsonl.gz").write_bytes((collection / "feed.jsonl.gz").read_bytes())
    ours = load_collection(collection)
    (folder / "topics.tsv").write_text(
        "".join(f"{query.id}\t{query.text}\n" for query in ours.queries)
    )
    (folder / "qrels.txt").write_text(
        "".join(
            f"{q} 0 {p} {label}\n"
            for q, judged in ours.qrels.items()
            for p, label in judged.items()
        )
    )
    options = Options(only=("BM25 (ours)",))
    trec = measure_relevance(folder, tmp_path, HashingEmbedder(64), RankingPolicy(), options)
    assert trec["collection"]["format"] == "TREC"
    expected, found = (each["systems"]["BM25 (ours)"] for each in (result, trec))
    assert {name: found[name] for name in MEASURES} == {name: expected[name] for name in MEASURES}


def test_a_foreign_collection_is_measured_by_its_own_gains(tmp_path: Path) -> None:
    folder = tmp_path / "wands"
    folder.mkdir()
    names = ["red sofa", "blue sofa", "floor lamp", "oak table", "sofa cover"]
    header = (
        "product_id\tproduct_name\tproduct_class\tcategory hierarchy\tproduct_description\t"
        "product_features\trating_count\taverage_rating\treview_count\n"
    )
    rows = "".join(f"{row}\t{name}\t\t\t\t\t\t\t\n" for row, name in enumerate(names))
    (folder / "product.csv").write_text(header + rows)
    (folder / "query.csv").write_text(
        "query_id\tquery\tquery_class\n7\tred sofa\tSofas\n8\tlamp\t\n9\ttent\t\n10\tx\t\n"
    )
    (folder / "label.csv").write_text(
        "id\tquery_id\tproduct_id\tlabel\n0\t7\t0\tExact\n1\t7\t1\tPartial\n"
        "2\t7\t4\tIrrelevant\n3\t8\t2\tExact\n4\t9\t3\tIrrelevant\n5\t8\t99\tPartial\n"
    )
    result = measure_relevance(folder, tmp_path, HashingEmbedder(64), RankingPolicy())
    collection = result["collection"]
    assert (collection["format"], collection["products"], collection["queries"]) == ("WANDS", 5, 4)
    assert (collection["excluded_queries"], collection["missing_products"]) == (1, 1)
    assert result["gains"] == {"0": 0.0, "1": 0.5, "2": 1.0}
    answers = result["systems"]["BM25 (ours)"]["queries"]
    assert answers.keys() == {"7", "8", "9"}  # nothing is known about the fourth
    assert "nDCG@10" not in answers["9"]
    assert "class" not in answers["8"]
    qrels = load_collection(folder).qrels
    for query in ("7", "8"):
        expected = Measure("nDCG", 10).of(
            answers[query]["top"], qrels[query], load_collection(folder).scale
        )
        assert answers[query]["nDCG@10"] == pytest.approx(expected, abs=1e-4)


def test_judgments_without_anything_relevant_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "feed.jsonl").write_text('{"id": "a", "title": "Red sofa"}\n')
    (folder / "queries.jsonl").write_text('{"id": "1", "text": "sofa"}\n')
    (folder / "qrels.tsv").write_text("1\ta\t0\n")
    for qrels in ("1\ta\t0\n", ""):
        (folder / "qrels.tsv").write_text(qrels)
        with pytest.raises(CollectionError, match=r"empty: none of \d judged queries has a rel"):
            measure_relevance(folder, tmp_path, HashingEmbedder(64), RankingPolicy())


def test_each_part_can_be_switched_off_in_turn(collection: Path, data_dir: Path) -> None:
    options = Options(without=("rank-bm25",), with_ablations=True)
    result = measure_relevance(collection, data_dir, HashingEmbedder(64), RankingPolicy(), options)
    names = list(result["systems"])
    assert names[:4] == ["BM25 (ours)", "vectors", "plain RRF", "hybrid (shipped)"]
    assert result["shipped"] == "hybrid (shipped)"
    ndcg = {name: system["nDCG@10"] for name, system in result["systems"].items()}
    assert ndcg["without spelling"] < ndcg["hybrid (shipped)"]  # the catalogue's typo queries
    assert ndcg["without words"] < ndcg["hybrid (shipped)"]
    assert len(names) >= 10


@pytest.mark.model
@pytest.mark.slow
def test_on_the_shipped_sample_the_hybrid_beats_both_of_its_legs(
    default_model: Path, tmp_path: Path
) -> None:
    from indexer.embedding.onnx import OnnxEmbedder  # noqa: PLC0415 - only with the model

    sample = Path(str(files("searchsvc.sample")))
    result = measure_relevance(sample, tmp_path, OnnxEmbedder.open(default_model), RankingPolicy())
    ndcg = {name: system["nDCG@10"] for name, system in result["systems"].items()}
    assert ndcg["hybrid (shipped)"] > ndcg["BM25 (ours)"]
    assert ndcg["hybrid (shipped)"] > ndcg["vectors"]
