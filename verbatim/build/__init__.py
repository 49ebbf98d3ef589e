"""From a plan to artifacts: what goes in, what runs, what must come out."""
