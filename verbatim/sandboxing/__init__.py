"""Confining programs: bubblewrap's options, the filter on system calls, the launcher, and limits."""
