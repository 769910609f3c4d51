"""OpenAPI 3.0 and 3.1 documents: what they say can be asked, as requests of a page. Pure: fetches nothing."""
