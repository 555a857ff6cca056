"""What is shown of a match set: its order, its groups, its facets, and what of a text matched."""
