"""Django's SQLite, whose files are their maker's alone."""
