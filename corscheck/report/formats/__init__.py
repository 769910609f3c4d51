"""One writer for each format, and what they share."""
