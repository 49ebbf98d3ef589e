"""Testing what was built: which of CPython's own tests run in which environment, and their results."""
