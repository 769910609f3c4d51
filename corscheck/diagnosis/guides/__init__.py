"""Where CORS is configured in stacks whose remedy the tests cannot execute: prose, and said to be prose.

``registry`` knows all of them, ``names`` their names alone for who only points to one. Data: nothing here asks a server
or writes a configuration; what the tests do execute is in ``corscheck.diagnosis.remedies``.
"""
