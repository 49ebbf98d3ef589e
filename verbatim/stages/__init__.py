"""Stages, targets and recipes; the plan of a build, and its run."""
