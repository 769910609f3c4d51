"""Reports on disk: their objects, and code to read, continue, merge and summarize them."""
