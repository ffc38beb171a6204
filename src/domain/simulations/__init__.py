"""Engineering simulations: the entity, its port and what can be done with it."""
