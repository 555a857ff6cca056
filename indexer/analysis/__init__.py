"""Text analysis: the same function at index time and at query time."""
