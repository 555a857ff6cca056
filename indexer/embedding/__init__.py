"""Text to vectors: the model, its conversion, and a model-free stand-in for tests."""

import os

# ONNX Runtime reports to its maker as soon as it is imported, and keeps an id of the machine in
# the user's cache. Nothing of a shop leaves its machine; nobody but the operator says otherwise.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
