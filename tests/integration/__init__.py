"""Tests on a real database: SQLite or PostgreSQL, as GOATFISH_DATABASE_URL says."""
