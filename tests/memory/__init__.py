"""What is too long for the unit tests and needs no database."""
