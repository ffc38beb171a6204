"""Proofs under faults and load, with the figures of docs/reliability.md: `./run test reliability`."""
