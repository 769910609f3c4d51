"""Live HTTP over httpx. No other package imports httpx and httpcore."""
