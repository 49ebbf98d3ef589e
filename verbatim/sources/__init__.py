"""Where CPython's code comes from: a git commit, or the published tarball."""
