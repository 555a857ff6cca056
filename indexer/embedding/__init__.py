"""Text to vectors: the model, its conversion, and a model-free stand-in for tests."""
