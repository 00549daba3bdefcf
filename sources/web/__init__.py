"""The polite session: what it may ask for, when, and of whom."""
