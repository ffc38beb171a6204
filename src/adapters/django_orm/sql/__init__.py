"""SQL compiled once from QuerySets, the two executors that run it, and the connection pool."""
