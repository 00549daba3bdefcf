"""From alert events to mail: what is said (wording, letters), how it looks (templates), how it leaves (delivery)."""
