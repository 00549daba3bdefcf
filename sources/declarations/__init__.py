"""Self-declarations that members hand in: taken from a folder or out of a mail, archived, and read."""
