"""The commands, by what they are for, and the one table of their options.

A module imports at its top what every start needs. What one command needs is imported in it: `./invoke --list` must not
wait for an HTTP client.
"""
