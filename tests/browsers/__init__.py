"""Tests with real browsers, and of what leads up to them."""
