"""Views for the terminal: verdicts, rows, matrices, audits and differences."""
