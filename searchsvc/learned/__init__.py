"""What events taught: what sells, and which traits of products tell shoppers apart."""
