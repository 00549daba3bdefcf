"""The yearly self-declaration: its form, when it is due, what was handed in, and how it stands beside what we saw."""
