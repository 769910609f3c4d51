"""The command line: one file per command, options declared once in ``options``. The only place that knows typer."""
