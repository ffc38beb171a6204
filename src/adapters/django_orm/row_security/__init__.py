"""PostgreSQL's row-level security: its policies, the grants of the API's role, and the audit of roles."""
