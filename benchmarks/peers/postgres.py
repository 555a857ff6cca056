"""PostgreSQL as a peer: full-text search and pgvector, in a server of its own."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from pgvector.psycopg import register_vector

from benchmarks.peers.pgserver import running
from benchmarks.peers.protocol import DEPTH, PAGE, RRF_K, Built, Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.protocol import Corpus, Look, Question

_MOST = 1_000  # that hnsw.ef_search can be
_TABLE = """
CREATE TABLE products (
    id int PRIMARY KEY, text text, price float8, vector vector({}),
    words tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED
)"""
_INDEXES = (
    "CREATE INDEX ON products USING gin (words)",
    "CREATE INDEX ON products (price)",
    "CREATE INDEX ON products USING hnsw (vector vector_ip_ops) WITH (ef_construction = 100)",
    "VACUUM ANALYZE products",
)
_BYTES = "SELECT pg_total_relation_size('products')"
_INSIDE = "price BETWEEN %(low)s AND %(high)s"
_LEXICAL = f"""
SELECT id, ts_rank_cd(words, asked) AS score
FROM products, websearch_to_tsquery('english', %(text)s) AS asked
WHERE words @@ asked AND {{}}
ORDER BY score DESC LIMIT {DEPTH}"""  # noqa: S608 - numbers of ours
_VECTOR = f"""
SELECT id, vector <#> %(vector)s AS distance
FROM products WHERE {{}} ORDER BY distance LIMIT {DEPTH}"""  # noqa: S608 - numbers of ours
_HYBRID = f"""
WITH by_words AS (SELECT id, row_number() OVER (ORDER BY score DESC) AS place FROM ({_LEXICAL})),
by_meaning AS (SELECT id, row_number() OVER (ORDER BY distance) AS place FROM ({_VECTOR}))
SELECT id, sum(1.0 / ({RRF_K} + place)) AS score
FROM (SELECT * FROM by_words UNION ALL SELECT * FROM by_meaning)
GROUP BY id ORDER BY score DESC LIMIT {PAGE}"""  # noqa: S608 - numbers of ours


class PostgresPeer:
    """GIN over English stems with ``ts_rank_cd``, HNSW over float32, fused in one statement."""

    name = "PostgreSQL + pgvector"
    remark = "server by a socket; best 100 with all words; HNSW; fused by rank in SQL"
    efforts: tuple[int, int] | None = (DEPTH, _MOST)

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._connection: psycopg.Connection[Any] | None = None
        self._effort = 0

    def build(self, directory: Path, corpus: Corpus) -> Built:
        """See `Peer.build`; the server's files lie where its own user may go."""
        del directory
        folder = Path(tempfile.mkdtemp(prefix="searchsvc-pg-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = self._stack.enter_context(running(folder))
        connection = self._stack.enter_context(psycopg.connect(server, autocommit=True))
        self._connection = connection
        connection.execute("CREATE EXTENSION vector")
        register_vector(connection)
        connection.execute(_TABLE.format(corpus.vectors.shape[1]).encode())
        copied = "COPY products (id, text, price, vector) FROM STDIN (FORMAT BINARY)"
        with connection.cursor().copy(copied) as copy:
            copy.set_types(["int4", "text", "float8", "vector"])
            rows = zip(corpus.texts, corpus.prices.tolist(), corpus.vectors, strict=True)
            for row, (text, price, vector) in enumerate(rows):
                known = None if isnan(price) else price
                copy.write_row((row, text.replace("\0", " "), known, vector))
        for statement in _INDEXES:
            connection.execute(statement.encode())
        # A plan for any bounds would not know that a filter lets half of the products through.
        connection.execute("SET plan_cache_mode = force_custom_plan")
        # Filters let too few of the nearest through: it goes on until there are enough.
        connection.execute("SET hnsw.iterative_scan = relaxed_order")
        (size,) = connection.execute(_BYTES).fetchone() or (0,)
        ways = {
            Mode.LEXICAL: self._way(_LEXICAL, 1),
            Mode.VECTOR: self._way(_VECTOR, 1),
            Mode.HYBRID: self._way(_HYBRID, 2),
        }
        return Built(ways, bytes=size)

    def close(self) -> None:
        """See `Peer.close`."""
        self._stack.close()

    def _way(self, statement: str, filters: int) -> Any:  # noqa: ANN401 - a Way
        plain = statement.format(*["true"] * filters).encode()
        inside = statement.format(*[_INSIDE] * filters).encode()
        connection = self._connection
        assert connection is not None  # noqa: S101 - build has set it

        def ask(question: Question, look: Look) -> Sequence[int]:
            if look.effort and look.effort != self._effort:
                connection.execute(f"SET hnsw.ef_search = {int(look.effort)}".encode())
                self._effort = look.effort
            values = {"text": question.text, "vector": question.vector}
            if look.within is None:
                found = connection.execute(plain, values, prepare=True)
            else:
                bounds = {"low": look.within.low, "high": look.within.high}
                found = connection.execute(inside, {**values, **bounds}, prepare=True)
            return [row[0] for row in found.fetchall()]

        return ask
