"""The AWS side of dropreel: one stack an environment."""

# Before anything here imports aws_cdk, which starts a Node.
import infra.node  # noqa: F401
