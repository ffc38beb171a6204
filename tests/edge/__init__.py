"""How `goatfish serve` handles raw bytes on a socket: well-formed and malformed requests."""
