"""From a job to one paid request.

In: a job that is complete, wrong, or held. Out: one POST to its gateway, or a rejection, or a job held behind a
gate. Read `sending.py` first: the order that makes it safe. `admission.py` decides what becomes of a job,
`holding.py` closes gates and lets jobs go, `probe.py` is a closed gate's execution, `lending.py` what a gateway may
fetch, and how.
"""
