"""The second stage: what orders the first candidates again, by their features."""
