"""What things are, and the rules about them. No network, no Prefect, no Great Expectations."""
