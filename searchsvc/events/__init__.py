"""What shoppers do: searches, clicks, carts and purchases, with their consent."""
