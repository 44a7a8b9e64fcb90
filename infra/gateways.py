"""Where the gateways are, and the keys that they gave us."""

from __future__ import annotations

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.environments import GATEWAYS, Environment
from infra.function import Function
from infra.storage import removal


class Gateways(Construct):
    """A secret for each gateway's key, made empty: a person puts the key in, and no template ever holds it."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment) -> None:
        super().__init__(scope, name)
        self._environment = environment
        self._secrets = {gateway: self._secret(gateway) for gateway in GATEWAYS}

    def _secret(self, gateway: str) -> secretsmanager.CfnSecret:
        # The level 2 construct would put a random value in, which looks like a key and is none.
        secret = secretsmanager.CfnSecret(
            self,
            gateway.capitalize(),
            name=f"dropreel/{self._environment.name}/{gateway}",
            description=f"The key that {gateway} gave us, as a plain string.",
        )
        secret.apply_removal_policy(removal(self._environment))
        acknowledge(secret, {"AwsSolutions-SMG4": "Only the gateway's own console can issue another key."})
        return secret

    @property
    def variables(self) -> dict[str, str]:
        """What a function that speaks to the gateways is told."""
        return {
            **self._environment.settings.variables(*(f"{gateway}_url" for gateway in GATEWAYS)),
            **{f"{gateway.upper()}_SECRET": secret.ref for gateway, secret in self._secrets.items()},
            "ALLOW_LOOPBACK": str(self._environment.laptop).lower(),
        }

    def allow(self, function: Function) -> None:
        """Let a function read the keys."""
        function.allow("secretsmanager:GetSecretValue", on=[secret.ref for secret in self._secrets.values()])
