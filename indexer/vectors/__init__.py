"""Nearest neighbours by cosine, approximate and exact."""
