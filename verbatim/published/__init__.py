"""The published files of a release, as pinned and as served now, and verdicts on artifacts compared with them."""
