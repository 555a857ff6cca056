"""Feed readers: one module per format, records out as `Product` or `Rejection`."""
