"""Fake owners, simulations and runs with their history, and how `goatfish seed` stores them."""
