"""Each rule type: when it speaks, and what it has seen."""
