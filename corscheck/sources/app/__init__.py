"""In-process applications: loading one, and reading the CORS configuration of a Starlette-based one."""
