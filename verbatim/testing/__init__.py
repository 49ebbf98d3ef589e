"""Testing what was built: which of CPython's own tests are run where, and what they found."""
