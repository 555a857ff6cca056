"""BM25 over weighted fields, and its slow reference."""
