"""What was published of a release, what is served now, and the verdict on an artifact beside it."""
