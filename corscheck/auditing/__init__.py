"""The audit: who is let in who should not be. Hostile origins, what each proves, and what an attacker gains by it.

``investigation`` is the order of questions as a generator (it yields probes and is sent outcomes), ``origins`` makes the
hostile origins, ``proof`` says what an answer lets an origin do, ``classes`` holds what each class of fault means. Nothing
here reaches for the network.
"""
