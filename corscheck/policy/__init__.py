"""``corscheck.toml``: what must hold, written beside the code. Reading it, multiplying it out, judging results by it.

Nothing here fetches: a policy gives probes, and is given results. pydantic is imported by ``model`` alone, which is
loaded when there is a policy to read.
"""
