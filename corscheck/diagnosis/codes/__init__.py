"""The code registry: the texts for steps, network failures, root causes, remarks and audit findings."""
