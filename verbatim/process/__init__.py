"""What the commands do, in order; each brings the rooms below together."""
