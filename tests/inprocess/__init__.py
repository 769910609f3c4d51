"""Applications in process."""
