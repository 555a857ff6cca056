"""Proof of relevance and speed: ``python -m benchmarks``."""
