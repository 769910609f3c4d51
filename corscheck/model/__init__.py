"""Values that all packages above ``protocol`` share, and what makes them safe to save: masking, JSON, page origins."""
