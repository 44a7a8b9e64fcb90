"""What every function runs on."""

from __future__ import annotations

from typing import cast

from aws_cdk import Fn, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import assets
from infra.environments import Environment
from infra.storage import removal


class Runtime(Construct):
    """An interpreter on a processor, and the layers: the domain, what all import, what HTTP and the catalog take."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment) -> None:
        super().__init__(scope, name)
        self._removal = removal(environment)
        #: What people set, for the functions to be told.
        self.settings = settings = environment.settings
        self._environment = environment
        self.interpreter = lambda_.Runtime(settings.runtime, lambda_.RuntimeFamily.PYTHON, supports_snap_start=True)
        self.processor = lambda_.Architecture.custom(settings.architecture)
        self.core = self._layer("Core", assets.sources("layers", "core", environment=environment, there=assets.LAYERS))
        self.vendor = self._layer("Vendor", assets.packages("vendor", environment=environment))
        self.http = self._layer("Http", assets.packages("http", environment=environment))
        self.catalog = self._layer("Catalog", assets.packages("catalog", environment=environment))

    def _layer(self, name: str, code: lambda_.Code) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            name,
            code=code,
            compatible_runtimes=[self.interpreter],
            compatible_architectures=[self.processor],
            # A version that a rollback might need again is kept where rollbacks matter.
            removal_policy=self._removal,
        )

    def code(self, function: str) -> lambda_.Code:
        """Return the code of the function whose handler lies in functions/<name>."""
        return assets.sources("functions", function, environment=self._environment, there=assets.CODE)

    def log(self, scope: Construct, name: str, *, vended: bool = False) -> logs.LogGroup:
        """Make a log that forgets after the environment's time; a vended one is written by an AWS service itself."""
        # AWS keeps a policy for each vended log, and of these together only 5120 characters, but for names like this.
        vended_name = f"/aws/vendedlogs/{_unique(scope)}" if vended else None
        group = logs.LogGroup(scope, name, log_group_name=vended_name, removal_policy=self._removal)
        cast("logs.CfnLogGroup", group.node.default_child).retention_in_days = self.settings.log_retention_days
        return group


def _unique(scope: Construct) -> str:
    """The stack's name with what only this stack has, as what is kept may outlive it and its name be used again."""
    stack = Stack.of(scope)
    return f"{stack.stack_name}-{Fn.select(2, Fn.split('/', stack.stack_id))}"
