"""What `goatfish serve` makes of bytes: requests as they come over a socket, well-formed and otherwise."""
