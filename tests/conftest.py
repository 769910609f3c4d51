"""For all tests: Ctrl-C works, whoever started them."""

from __future__ import annotations

import signal

# A job in the background has interrupts ignored, and its children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
