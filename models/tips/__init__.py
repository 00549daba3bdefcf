"""Mails told apart: copies of one template, turns of one conversation, and what people said of each."""
