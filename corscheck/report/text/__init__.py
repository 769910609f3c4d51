"""What the terminal shows: verdicts, rows, matrices, audits, differences."""
