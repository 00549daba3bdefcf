"""The case of one member: a ladder that only people climb, each step with its evidence frozen."""
