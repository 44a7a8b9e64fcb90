"""From the outcome to the outbox.

In: the id of a job that may have ended. Out: its films, its manifest, its event and its record, in this order. Read
`delivery.py` first: the truth is asked for, the lease is taken, the copy is made; `ending.py` writes manifest and
event.
"""
