"""Applications in process: how one is loaded, asked without a socket, and what a Starlette-like one says of itself."""
