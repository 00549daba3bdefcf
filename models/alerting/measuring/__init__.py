"""What each rule type needs to know of a night, counted for all members in one pass."""
