"""The reference pages are written from here."""
