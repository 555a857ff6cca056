"""API keys: who may do what, with which products, and how often."""
