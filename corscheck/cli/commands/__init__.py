"""One module for each command: its options in Typer, and the call that does the work."""
