"""Applications in process as a transport: ASGI and WSGI, without a socket."""
