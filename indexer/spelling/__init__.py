"""Spelling correction from the catalogue's own words."""
