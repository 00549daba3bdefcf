"""From a mention to a member: who is meant, how sure, and why."""


class CompaniesUnreadable(ValueError):
    """The file has no column that holds names; the text says which were looked for."""
