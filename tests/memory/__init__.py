"""The HTTP adapter over memory: no database, but more than a unit run has time for."""
