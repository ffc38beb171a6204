"""The SQL that Goatfish runs, as docs/sql shows it to reviewers: ``./run sql`` writes it, a test compares it."""
