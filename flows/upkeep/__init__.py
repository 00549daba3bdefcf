"""What keeps an installation sound and seen: backup, verification, keys, logs, metrics, and who could get in."""
