"""From outcome to words: console texts per engine, findings, root causes. Knows the protocol and the model, no transport."""
