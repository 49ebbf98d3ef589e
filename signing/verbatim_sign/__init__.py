"""The signing stage: it checks a release against a policy, and signs what enough rebuilders agree on.

It never builds, runs nothing of a build, and shares no code with what does.
"""

__version__ = "0.1.0"
