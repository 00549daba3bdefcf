"""From the outbox to mail servers and other channels, and what comes back."""
