"""What is around every request, whichever route answers it."""
