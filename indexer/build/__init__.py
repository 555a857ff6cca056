"""From a feed to a published generation."""
