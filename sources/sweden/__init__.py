"""Swedish publishers: one file per source, with what only that publisher's pages need beside it."""
