"""Environments: root file systems in which every byte is pinned, to build in."""
