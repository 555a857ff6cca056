"""Segments of shoppers: who belongs to one, and what it prefers."""
