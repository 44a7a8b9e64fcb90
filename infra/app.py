"""One stack an environment: `cdk deploy -c env=dev`, or `staging`, or `prod`. Nothing here calls AWS."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.assets import PROJECT, BuildError
from infra.environments import ACCOUNT_ENVIRONMENTS, FILES, SettingError, environment, written
from infra.stack import Dropreel


def build(scope: Construct, *, env: str, overrides: Mapping[str, object] | None = None) -> Dropreel:
    """Put the stack of an environment into an app.

    Raises SettingError and BuildError.
    """
    chosen = environment(env, overrides)
    stack = Dropreel(scope, environment=chosen)
    for name, value in chosen.settings.tags.items():
        stack.tags.set_tag(name, value)
    if boundary := chosen.settings.permissions_boundary:
        policy = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", boundary)
        iam.PermissionsBoundary.of(stack).apply(policy)
    return stack


def synth(*, env: str, overrides: Mapping[str, object] | None = None, outdir: str | Path) -> Path:
    """Write the cloud assembly of an environment and return its template's path.

    Raises SettingError and BuildError.
    """
    app = App(outdir=str(outdir), context=flags())
    stack = build(app, env=env, overrides=overrides)
    app.synth()
    return Path(outdir, stack.template_file)


def overrides_of(env: str, asked: Mapping[str, object], folder: Path = FILES) -> dict[str, object]:
    """Return what an environment's file says, and over it what the command line does; a laptop has no file.

    Raises SettingError.
    """
    return {**(written(env, folder) if env in ACCOUNT_ENVIRONMENTS else {}), **asked}


def flags() -> dict[str, object]:
    """The CDK's own switches, so that a synthesis without its command line makes the same template."""
    flags: dict[str, object] = json.loads((PROJECT / "cdk.json").read_text())["context"]
    return flags


def main() -> int:
    """Synthesize what the command line's context asks for, over what the environment's file says.

    A mistake is one line, and exit status 1.
    """
    app = App(outdir=os.environ.get("CDK_OUTDIR", "cdk.out"), context=flags())
    # The CDK's own names hold a colon, a slash or a hyphen; every other one is meant for us.
    asked = {name: value for name, value in app.node.get_all_context().items() if name.isidentifier()}
    named = asked.pop("env", None)
    try:
        # Where none is named, all are there, as the CDK's commands expect: `bootstrap` needs just one, `ls` lists them.
        for env in [named] if named else ACCOUNT_ENVIRONMENTS:
            build(app, env=env, overrides=overrides_of(env, asked))
    except (SettingError, BuildError) as error:
        print(error, file=sys.stderr)
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
