"""Norwegian publishers."""
