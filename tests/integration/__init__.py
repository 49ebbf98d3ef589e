"""Tests with real archives, real packages and the network. They take minutes, and skip nothing."""
