"""A cluster of three PostgreSQL servers under Patroni whose leader is lost in several ways while clients write."""
