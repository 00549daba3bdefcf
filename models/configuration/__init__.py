"""koll.toml as typed settings, and what is said of its faults."""
