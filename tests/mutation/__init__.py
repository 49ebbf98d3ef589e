"""Mutation testing of the signing stage: each piece of its checking code is altered, and a test has to notice.

``./invoke mutants`` tries them all, which takes hours; those that no test notices are in ``survivors.toml``, with the reason.
"""
