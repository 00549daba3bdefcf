"""What a mail says: phrases in both languages, and how a language fills them in."""
