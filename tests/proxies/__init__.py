"""The service behind nginx and HAProxy: requests that they deny cannot reach it in another way."""
