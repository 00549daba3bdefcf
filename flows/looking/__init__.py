"""How everything stands: in one look, source by source, in full, and whether it can be reached."""
