"""The migrations of the specimens' tables."""
