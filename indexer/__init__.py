"""From a product feed to an immutable hybrid index, and the reader of that index."""
