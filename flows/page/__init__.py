"""The staff page: static, self-contained pages of how the members and the sources stand, written every night."""
