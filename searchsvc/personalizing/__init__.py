"""Personalizing: from who asks to what the ranking prefers for them."""
