"""What is said of a build, for others to check and to sign."""
