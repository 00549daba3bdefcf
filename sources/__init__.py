"""The outside world turned into drafts: one file per publisher, and the means to read it politely."""
