"""The tests: fast ones here, those with real archives in ``integration/``."""
