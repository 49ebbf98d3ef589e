"""Building again under other conditions, to see whether the artifacts depend on any of them."""
