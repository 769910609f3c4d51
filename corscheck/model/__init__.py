"""The values that every room above ``protocol`` shares, and what makes them safe to save: masking, JSON, page origins."""
