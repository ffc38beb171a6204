"""The client for asyncio. goatfish.sync_api is generated from these modules by clients/python/generate.py."""
