"""How fast, beside what one would else pick: one module a question.

``race`` times systems against each other, each in a process of its own (``worker``) that opens it
by its name (``systems``); ``tables`` and ``plot`` show what came of it. ``profile`` says where the
time of a reading goes, ``training`` how a training step compares. Nothing is imported here, so that
a system's cold start is its own.
"""
