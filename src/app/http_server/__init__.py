"""HTTP/1.1 over asyncio, under uvicorn: frames messages, and bounds what a client may hold and for how long."""
