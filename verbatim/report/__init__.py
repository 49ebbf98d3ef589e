"""Shows results: as lines and tables, as JSON, and as pages of HTML."""
