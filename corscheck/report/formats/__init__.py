"""One writer for each report format, and the code that they share."""
