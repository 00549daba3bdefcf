"""The database: its tables, and every way rows get in and out of it whole."""
