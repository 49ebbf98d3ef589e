"""The tests: fast ones in ``unit/``, one folder for each room; those with real archives in ``integration/``."""
