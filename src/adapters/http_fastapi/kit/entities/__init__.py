"""Every entity over HTTP: its operations and schemas, which follow from what it declares."""
