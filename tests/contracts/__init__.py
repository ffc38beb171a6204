"""The contracts of the ports, written once and run for every adapter."""
