"""From what was typed to the questions to ask."""
