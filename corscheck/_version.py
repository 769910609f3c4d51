"""The version: read by the build and by whatever names the tool."""

__version__ = "0.1.0"
