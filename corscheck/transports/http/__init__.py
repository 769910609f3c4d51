"""Live HTTP over httpx: the only place that knows httpx and httpcore."""
