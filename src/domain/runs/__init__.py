"""Runs: executions of simulations."""
