"""A generator of believable products, with queries whose judgments follow from the attributes."""
