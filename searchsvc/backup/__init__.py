"""Backups: a consistent copy of what a service has, made while it serves, and put back."""
