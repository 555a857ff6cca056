"""Personalization on real purchases: where bought products rank for whoever bought them."""
