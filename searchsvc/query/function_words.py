"""Function words, which `indexer.analysis.function_words` has."""

from indexer.analysis.function_words import is_function_word

__all__ = ["is_function_word"]
