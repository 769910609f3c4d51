"""In-process transports for applications: ASGI and WSGI, without sockets."""
