"""Files that shops bring: how their columns are called, what a row says, and what is refused."""
