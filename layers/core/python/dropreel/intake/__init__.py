"""From an event to a complete job.

In: a message of the intake queue: an S3 event, a request, our own word that a held job may go on. Out: a job with
its whole input, or a mistake in plain words, either given to `submit`. Read `intake.py` first; `envelopes.py` is
what may lie on the queue, `drops.py` the drop convention, `gathering.py` when the parts of a place are complete and
quiet, `assembly.py` what they say together.
"""
