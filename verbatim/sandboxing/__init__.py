"""How a program is confined: bubblewrap's options, the filter on system calls, the launcher, and limits."""
