"""Configuration: the settings of an operator, and Django's settings, which are derived from them."""
