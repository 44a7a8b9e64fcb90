"""Bytes from a public host into S3; knows nothing of jobs.

In: an address that a gateway named. Out: an object in the outbox with its size, SHA-256 and type, whole or not at
all, in bounded memory. Whoever does not read on loses nothing but this; else read `copying.py` first, then downwards:

`copying.py`      The copy: which way an output is read and sent, and what is tried next when a way breaks.
`file_types.py`   What kind of file some bytes are; no library knows it as well (docs/decisions.md).
`uploading.py`    To S3: in one call, as one request while it is still being read, or in parts.
`downloading.py`  From the host: lanes, each a thread with a connection, and the digest.
`buffers.py`      What lanes and uploads have in memory, and who may do what to it.
`fetching.py`     One answer of a host, by ranges that are certain to be of one file, or whole.
`decoding.py`     Unpacks what a host has compressed for the way, no more at once than there is room for.
`connection.py`   Asks a host: redirects, time limits, and a policy for every connection.
`addresses.py`    Which hosts may be read: the address that is checked is the one that is connected to.

What a mechanism carries, measured with and without it as docs/performance.md measures the copy:

- One request to S3 instead of parts: 1.7 instead of 2.7 CPU seconds a GiB. Parts remain for sizes that are unknown or
  above 5 GB, and for a request that broke.
- Eight lanes: 256 MiB at 20 MB/s a connection take 2.1 s; with one lane 13.7.
- A lane that is alone asks for a part at a time, not for a piece: 6 % of the CPU, and three round trips in four.
- Buffers that are read into, hashed and sent from as they are: 80 MiB at the peak however long the output, Python and
  the AWS client being 48 of them, and no copy. `boto3` beside it takes 188.
- Freed memory goes back to the system: 84 MiB instead of 107 after outputs of several sizes in a row.
"""
