"""The running service under faults and load: minutes of proofs, which `./run test` leaves out."""
