"""What is kept of people, for how long, and what is done when one of them asks."""
