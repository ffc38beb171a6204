"""The tests: what adapters promise, what holds without a database, and what holds on each database."""
