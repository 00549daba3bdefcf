"""The first hour: the questions that an installation needs answered, each answer tried at once."""
