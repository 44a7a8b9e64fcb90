"""The tables, queues, executions and objects, as the domain speaks of them.

Each method is one call, or one conditional write that DynamoDB decides; what a caller does with the answer is its
own affair. Read `jobs_table.py` first: each change of a job, and the condition under which it is made.
"""
