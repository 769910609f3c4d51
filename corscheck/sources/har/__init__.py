"""HAR files: what browsers recorded, read as a stream and put together into the requests of pages. Pure."""
