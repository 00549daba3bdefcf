"""Companies that a decision names in its running text. Placeholder."""
from models.drafts import MentionDraft
def mentions_in_decision(body: str, respondent: str) -> list[MentionDraft]:
    """x"""
    return []
