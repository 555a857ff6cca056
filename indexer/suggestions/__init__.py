"""Suggestions: what shoppers may mean to type, from the catalogue's own phrases."""
