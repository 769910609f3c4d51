"""What to change: the smallest configuration of a framework that makes the wanted probes pass and nothing more.

Each framework is one module that turns ``Wanted`` into code; ``registry`` has them all. Only what the tests paste into
the real framework and see work is offered. Nothing here asks the network.
"""
