"""What would serve any product over HTTP: routes, authentication, bodies, pages, problems and the OpenAPI document."""
