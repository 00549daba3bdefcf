"""The member register, and what identifies a company besides its name."""
