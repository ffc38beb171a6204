"""Three owners on the service as it is run: whatever each of them does, nothing of another's is ever answered."""
