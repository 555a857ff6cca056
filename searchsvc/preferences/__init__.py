"""Preferences: what whoever asks likes, as numbers on the products of one snapshot."""
