"""What is asked: the query and its filters."""
