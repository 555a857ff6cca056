"""Synonyms of one index: words that shoppers use for each other, and words that are never that."""
