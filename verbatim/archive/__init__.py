"""Archives: the one careful way to unpack them, and the one canonical way to write them."""
