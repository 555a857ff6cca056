"""The same products, vectors and queries on other engines, each behind one small protocol."""
