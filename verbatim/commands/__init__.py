"""The use cases, one a file: each brings the rooms below together, prints nothing, and makes no JSON."""
