"""Judging: people label the results of real queries, and relevance is measured against them."""
