"""Through nginx and HAProxy: what they refuse reaches the service by no detour."""
