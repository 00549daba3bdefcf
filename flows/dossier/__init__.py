"""The case in words and on paper: the follow-up's verdict for the mail, and the dossier for the board."""
