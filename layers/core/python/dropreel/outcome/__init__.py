"""From news to what is known.

In: a callback, or the look of an attempt's watch. Out: one conditional write, and a delivery woken where the job
may have ended. Read `settle.py` first; `callback.py` tells strangers from gateways, `watch.py` asks when no
callback comes.
"""
