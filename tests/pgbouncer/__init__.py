"""The service through a real PgBouncer."""
