"""An HTTP/1.1 protocol for uvicorn, with strict message framing and limits of bytes, time and connections."""
