"""OpenAPI 3.0 and 3.1 documents: their operations as requests of a page. Nothing in this package uses the network."""
