"""Bytes from a public host into S3; knows nothing of jobs.

In: an address that a gateway named. Out: an object in the outbox with its size, SHA-256 and type, whole or not at
all, in bounded memory. Read `copying.py` first: it is all that others use, with `Policy` of `addresses.py`, which
says where media may come from, and `file_types.py`, which tells what some bytes are.
"""
