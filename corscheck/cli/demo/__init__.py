"""An embedded loopback server with right and wrong endpoints, and a probe of each with what to expect of it."""
