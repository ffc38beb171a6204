"""The client as plain calls; generated from goatfish.async_api."""
