"""What is measured: start-up, rendering."""
