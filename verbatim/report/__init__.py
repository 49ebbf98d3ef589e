"""The pages and tables that people look at."""
