"""The Python API: arguments, errors, signatures, and what comes back."""
