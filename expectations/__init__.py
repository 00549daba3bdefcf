"""Drafts judged: accepted, quarantined, or the whole source refused. The only room that knows Great Expectations."""
