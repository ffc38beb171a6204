"""The tests: contracts of the adapters, tests without a database, and tests on each database."""
