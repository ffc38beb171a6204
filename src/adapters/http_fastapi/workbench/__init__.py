"""The workbench: a web page for tenants, an ordinary client of the API."""
