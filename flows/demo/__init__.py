"""The demo: whole nights on the bundled world, and the known case from notice to exclusion."""
