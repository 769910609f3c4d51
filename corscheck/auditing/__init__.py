"""The audit: find origins that a server allows but should not, and say what an attacker gains from each.

``flow`` drives the audit as a generator that yields probes and receives outcomes. ``origins`` generates the hostile
origins, ``proof`` decides what a response lets an origin do, and ``classes`` describes each class of finding. Nothing
in this package uses the network.
"""
