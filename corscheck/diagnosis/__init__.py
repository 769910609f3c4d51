"""Explanation of outcomes: console texts, findings and root causes. Nothing in this package uses the network."""
