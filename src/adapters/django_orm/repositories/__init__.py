"""A repository for every port of the domain."""
