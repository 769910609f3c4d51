"""HAR files: a streaming parser, and the requests of pages with their preflights and redirects. No I/O of its own."""
