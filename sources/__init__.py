"""The outside world turned into drafts: one file per publisher, and the means to read it politely."""

VERSION = "1.1.0"  # of the whole product: what a run, a backup and the polite session call themselves
