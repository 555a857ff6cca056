"""How well results answer queries: judgments, measures, and what is decided by them."""
