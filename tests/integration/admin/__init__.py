"""The admin, as operators use it."""
