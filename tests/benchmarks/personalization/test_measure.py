from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.cli import frame
from benchmarks.errors import PurchasesError
from benchmarks.personalization.bench import BASELINES
from benchmarks.personalization.measure import Plan, measure_personalization
from benchmarks.personalization.systems import CONTROL, PLAIN, POPULAR, SESSION, SHIPPED
from benchmarks.personalization.table import personalization_table
from indexer.embedding.hashing import HashingEmbedder
from searchsvc.policy import RankingPolicy

BRANDS = ("Ash", "Birch", "Cedar", "Doum")
PER_BRAND = 20
PLAN = Plan(cases=150, relearned_days=20, permutations=2)
DAY_S = 86_400


def write_shop(folder: Path) -> Path:
    """A shop of mugs: everybody buys one brand, and nothing else tells shoppers apart."""
    rng = np.random.default_rng(5)
    folder.mkdir()
    with (folder / "feed.jsonl").open("w") as feed:
        for number in range(PER_BRAND * len(BRANDS)):
            product = {"id": f"p{number:03}", "title": f"pattern {number} mug", "price": "9 EUR"}
            product["product_type"] = "Home > Mugs"
            product["brand"] = BRANDS[number % len(BRANDS)]
            feed.write(json.dumps(product) + "\n")
    with (folder / "purchases.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("order_id", "product_id", "quantity", "time", "price", "customer_id"))
        order = 0
        for user in range(60):
            liked = [n for n in range(PER_BRAND * len(BRANDS)) if n % len(BRANDS) == user % 4]
            rng.shuffle(liked)
            for number in range(rng.integers(1, 9)):
                order += 1
                seconds = int(rng.integers(100 * DAY_S)) + 1_600_000_000
                time = datetime.fromtimestamp(seconds, UTC).isoformat()
                for product_number in liked[2 * number : 2 * number + 2]:
                    rows.writerow((order, f"p{product_number:03}", 1, time, "9", f"user{user}"))
    return folder


def measure(shop: Path, data_dir: Path, plan: Plan) -> dict[str, Any]:
    return measure_personalization(shop, data_dir, HashingEmbedder(64), RankingPolicy(), plan)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("shops") / "mugs")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def result(shop: Path, data_dir: Path) -> dict[str, Any]:
    return measure(shop, data_dir, PLAN)


def test_known_tastes_are_found_and_those_of_others_are_none(result: dict[str, Any]) -> None:
    for model in result["split"]["models"]:
        in_use = [name for name, field in model["fields"].items() if field["in_use"]]
        assert in_use == ["brand"]
    kind = result["kinds"]["head noun"]
    systems = kind["groups"]["5+"]["systems"]
    gain = systems[SHIPPED]["changes"][POPULAR]
    assert gain["low"] > 0.2
    assert systems["  brand alone"]["mrr"] == systems[SHIPPED]["mrr"]
    # Nothing is ever bought twice here: it is the brand that is liked.
    assert "5+, bought before" not in kind["groups"]
    control = systems[CONTROL]["changes"][POPULAR]
    assert control["low"] < 0.1
    assert systems[SHIPPED]["changes"][CONTROL]["low"] > 0.2


def test_users_without_history_get_the_order_of_everybody(result: dict[str, Any]) -> None:
    for kind in result["kinds"].values():
        assert kind["strangers_checked"] > 0
        assert kind["strangers_changed"] == 0
        systems = kind["groups"]["0"]["systems"]
        assert {systems[name]["mrr"] for name in (POPULAR, SHIPPED, CONTROL, SESSION)} == {
            systems[POPULAR]["mrr"]
        }


def test_every_kind_asks_the_same_purchases_of_every_system(result: dict[str, Any]) -> None:
    assert list(result["kinds"]) == ["head noun", "phrase", "category"]
    for kind in result["kinds"].values():
        assert kind["cases"] + kind["without_query"] == result["cases"] == 150
        assert kind["queries"] == 1
        assert kind["unmatched"] == 0
        groups = kind["groups"]
        buckets = ("0", "1-4", "5-9", "10+")
        assert sum(groups[it]["purchases"] for it in buckets if it in groups) == kind["cases"]
        for group in groups.values():
            assert len(group["systems"]) == 10
            for system in group["systems"].values():
                assert set(system["changes"]) == set(BASELINES)


def test_models_know_the_past_alone_and_are_learned_again(result: dict[str, Any]) -> None:
    models = result["split"]["models"]
    assert len(models) == 2
    assert models[0]["learned_at"] == result["split"]["at"]
    assert models[0]["events"] < models[1]["events"] < result["purchases"]["rows"]
    assert sum(model["cases"] for model in models) == result["cases"]


def test_equal_plans_give_equal_results_and_one_model_is_learned_at_the_split(
    shop: Path, data_dir: Path, result: dict[str, Any]
) -> None:
    assert measure(shop, data_dir, PLAN)["kinds"] == result["kinds"]
    once = measure(shop, data_dir, Plan(cases=20, relearned_days=0, permutations=1))
    assert len(once["split"]["models"]) == 1
    assert once["split"]["models"][0]["events"] == result["split"]["models"][0]["events"]


def test_nobody_is_in_the_result(result: dict[str, Any]) -> None:
    assert "user1" not in json.dumps(result)


def test_the_table_shows_every_group_and_system(result: dict[str, Any]) -> None:
    table = personalization_table(result)
    assert "learned 2 times" in table
    assert "brand " in table.splitlines()[1]
    for name, kind in result["kinds"].items():
        assert f"query: {name}; 150 purchases" in table
        assert all(f"\n{group} " in table for group in kind["groups"])
        assert all(f"\n{system} " in table for system in kind["groups"]["5+"]["systems"])
    lines = [line for line in table.splitlines() if line.startswith(PLAIN)]
    assert all("+0.0% (+0.0%, +0.0%)" in line for line in lines)


def test_the_command_takes_every_option(
    shop: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
    out = tmp_path / "out.json"
    arguments = ["personalization", shop, "--split", "2020-12-15", "--cases", 20, "--seed", 2]
    arguments += ["--relearn-days", 0, "--permutations", 1, "--json", out, "--data-dir", data_dir]
    done = CliRunner().invoke(command.app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    written = json.loads(out.read_text())
    assert written["split"]["at"] == "2020-12-15"
    assert (written["cases"], written["seed"]) == (20, 2)
    assert personalization_table(written) == done.stdout.rstrip("\n")


def test_a_folder_without_a_feed_or_without_later_orders_is_told(
    shop: Path, data_dir: Path, tmp_path: Path
) -> None:
    with pytest.raises(PurchasesError, match=r"has no feed\.jsonl or"):
        measure(tmp_path, data_dir, PLAN)
    (tmp_path / "feed.jsonl").write_bytes((shop / "feed.jsonl").read_bytes())
    # One order that begins before the split and goes on after it.
    (tmp_path / "purchases.csv").write_text(
        "order_id,product_id,time,customer_id\n1,p001,2020-01-01,ann\n1,p002,2020-02-01,ann\n"
    )
    with pytest.raises(PurchasesError, match="no order that begins since 2020-01-24"):
        measure(tmp_path, data_dir, PLAN)
