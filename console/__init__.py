"""The page for people and its server on this machine, which reads a stack with the rights of whoever started it."""
