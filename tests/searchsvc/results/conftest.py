"""Columns of given products, for the tests of what is counted, grouped and sorted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from indexer.build.columns import ColumnsBuilder
from indexer.columns import Columns
from indexer.product import Product

MakeColumns = Callable[[Sequence[Product]], Columns]


@pytest.fixture(scope="session")
def make_columns() -> MakeColumns:
    """Write the columns of products as a build does, and open them."""

    def make(products: Sequence[Product]) -> Columns:
        builder = ColumnsBuilder()
        for product in products:
            builder.add(product)
        with TemporaryDirectory() as directory:
            path = Path(directory) / "columns.safetensors"
            builder.write(path)
            return Columns(path)  # mapped: it stays readable after its name is gone

    return make
