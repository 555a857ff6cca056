"""Robustness: what typing errors cost, and whether identifiers are found however written."""
