"""The output of ``curl -v``, ``curl -i`` and ``--trace-ascii``: requests and answers of a terminal. No I/O of its own."""
