"""Watching feeds: reindexing on a schedule, when a feed has changed."""
