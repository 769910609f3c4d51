"""Where probes come from, beside the command line: console messages. Parses texts; asks nobody."""
