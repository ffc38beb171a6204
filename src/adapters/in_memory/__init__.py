"""Storage in plain dictionaries: a full adapter for unit tests and for a demo without a database."""
