"""The sample catalogue that ships with the service."""
