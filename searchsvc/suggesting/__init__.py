"""Suggestions while a shopper types: queries, categories, brands and a few products."""
