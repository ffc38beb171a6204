"""HTTP without any I/O of its own: requests, responses and when to retry, for both ways of sending."""
