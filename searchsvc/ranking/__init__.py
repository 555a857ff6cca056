"""How the rankings become one: pure functions over arrays."""
