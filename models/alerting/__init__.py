"""Limits and alerts: typed rules, the ledger of what happened, and the pure decision of what is new tonight."""
