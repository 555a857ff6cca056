"""Patched generations for tests: some products of the current one changed, and published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.build.patch import patch_snapshot
from indexer.build.progress import Silent
from indexer.manifest import Manifest
from indexer.product import Product
from indexer.products import ProductStore
from indexer.publish import publish, writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexer.layout import IndexLayout


def publish_patch(layout: IndexLayout, changes: Mapping[str, Callable[[Product], Product]]) -> str:
    """Publish a generation in which the products with these ids are what a function makes."""
    base = layout.generation_dir(layout.require_current())
    store = ProductStore(base)
    rows = sorted((store.ids.find(product_id), change) for product_id, change in changes.items())
    changed = [(row, change(Product.from_json(store.json(row)))) for row, change in rows]
    with writer(layout) as staging:
        target = staging / "snapshot"
        target.mkdir()
        patch_snapshot(base, target, changed, Manifest.read(base), Silent())
        return publish(layout, target)
