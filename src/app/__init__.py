"""The application: the object graph, its entry points and the command line."""
