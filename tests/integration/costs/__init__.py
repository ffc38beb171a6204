"""The cost of requests, counted instead of timed: SQL statements, round trips, Python calls and memory."""
