"""Two archives of the same release: identical, equivalent, or different, and why."""
