"""A Django database backend: SQLite with private files and a time limit for statements."""
