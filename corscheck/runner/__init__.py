"""Ties questions to transports: conversations, the drivers that carry them, and the results they return."""
