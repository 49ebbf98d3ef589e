"""Why two files differ: what diffoscope finds in them, and the likely cause of it."""
