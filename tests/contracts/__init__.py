"""What every adapter of a port promises, written once and run over each of them."""
