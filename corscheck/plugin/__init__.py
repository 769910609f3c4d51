"""What the pytest plugin does once a test uses it. ``pytest_plugin`` imports it then and not before."""
