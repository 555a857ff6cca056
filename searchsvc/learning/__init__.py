"""Learning from events: what sells, and what whom."""
