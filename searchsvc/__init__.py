"""The search service: queries against published snapshots, over HTTP and from the shell."""
