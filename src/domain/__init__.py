"""The business of Goatfish: entities, their rules, use cases and ports; the standard library alone."""
