"""The raw archive: every byte brought home, under its own hash, sealed where people wrote it."""
