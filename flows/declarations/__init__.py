"""The yearly self-declaration at work: forms out, files in, reminders, and what was declared beside what was seen."""
