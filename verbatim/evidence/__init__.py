"""Statements about builds, attestations of them, and the policy by which they count."""
