"""Record simulation runs with Goatfish, and read them back."""
