"""The tables of the benchmark as a Django application, for the peers that are built on Django."""
