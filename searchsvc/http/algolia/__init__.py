"""The search routes that Algolia's clients and InstantSearch call."""
