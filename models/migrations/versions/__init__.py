"""Alembic migrations; ``koll init`` runs them."""
