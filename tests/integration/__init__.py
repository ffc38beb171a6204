"""Tests that run on a real database, SQLite or PostgreSQL, whichever GOATFISH_DATABASE_URL names."""
