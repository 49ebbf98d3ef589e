"""Sources of CPython's code: a git commit, or a release tarball."""
