"""Drop a file, get a film: the domain of dropreel.

A drop goes through `intake` (an event becomes a complete job) and `submit` (the job becomes one paid request); news
goes through `outcome` (what is known) and `delivery` (what lies in the outbox). Each may use those after it in this
list and the ground floor: `transfer`, `gateways`, `catalog`, `aws` and `jobs`. Read `jobs.py` first: every state,
and why it is safe. `wiring.py` puts together what each function runs; `operating.py` is what a person may do to a
job.
"""
