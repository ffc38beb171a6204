"""What a request costs, counted instead of timed: statements, round trips, calls of Python and what is kept."""
