"""The interactive page in a real browser."""
