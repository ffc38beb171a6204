"""QuerySets compiled once, the two executors that run them, and the connection pool."""
