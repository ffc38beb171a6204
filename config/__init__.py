"""Configuration: what an operator sets, and what Django derives from it."""
