"""Experiments: which settings serve shoppers better, by A/B arms and by interleaving."""
