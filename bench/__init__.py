"""Measurements, run by hand: ``python -m bench.matching`` and ``python -m bench.duplicates``."""
