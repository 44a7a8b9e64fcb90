"""The synthesized stack: its template and its assets, made once for each state of the sources and settings."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.environments import GATEWAYS
from local import leash
from local.leash import BUILD, PROJECT

STACK = "Dropreel-local"

#: what a synthesis reads
_SOURCES = ("infra", "layers", "functions", "cdk.json")
#: templates by what they were made of, and assets by the CDK's own hash of their content, which many templates share
_TEMPLATES, _ASSETS = BUILD / "templates", BUILD / "assets"
#: stand in a template for addresses that differ from run to run, so that one synthesis serves them all
_PLACES = {f"{gateway}_url": f"http://127.0.0.1:{number}" for number, gateway in enumerate(GATEWAYS, start=1)}


class SynthesisFailed(RuntimeError):
    """The stack could not be synthesized; the message is what the CDK said."""


@dataclass(frozen=True)
class Assembly:
    """What `cdk deploy` would deploy."""

    template: Mapping[str, Any]
    #: the folder of an asset, by the object key that the template names
    assets: Mapping[str, Path]

    @classmethod
    def read(cls, folder: Path) -> "Assembly":
        """Reads what `synthesize` keeps in a folder."""
        template = json.loads((folder / f"{STACK}.template.json").read_text())
        files = json.loads((folder / f"{STACK}.assets.json").read_text())["files"].values()
        assets = {
            destination["objectKey"]: _ASSETS / file["source"]["path"]
            for file in files
            for destination in file["destinations"].values()
        }
        return cls(template, assets)

    def text(self) -> str:
        """The template as CloudFormation takes it."""
        return json.dumps(self.template)

    def with_gateways(self, urls: Mapping[str, str]) -> "Assembly":
        """The same stack with the gateways at these addresses."""
        text = self.text()
        for gateway, url in urls.items():
            text = text.replace(json.dumps(_PLACES[f"{gateway}_url"]), json.dumps(url))
        return Assembly(json.loads(text), self.assets)


def synthesize(settings: Mapping[str, str]) -> Assembly:
    """Makes the stack of env `local` with these settings, or finds it made.

    Raises SynthesisFailed.
    """
    context = {"env": "local", **settings, **_PLACES}
    kept = _TEMPLATES / _key(context)
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=_folder(_TEMPLATES), prefix="unfinished-") as unfinished:
            made = Path(unfinished, "assembly")
            _run_cdk(made, context)
            _share_assets(made)
            with suppress(OSError):  # another start was quicker, with the same outcome
                made.rename(kept)
    return Assembly.read(kept)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _key(context: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps([sys.version, context], sort_keys=True).encode())
    for path in _sources():
        digest.update(f"\0{path.relative_to(PROJECT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _sources() -> Iterator[Path]:
    for source in _SOURCES:
        root = PROJECT / source
        files = sorted(root.rglob("*")) if root.is_dir() else [root]
        yield from (path for path in files if path.is_file() and "__pycache__" not in path.parts)


def _run_cdk(outdir: Path, context: Mapping[str, str]) -> None:
    """Runs the app as the CDK's command line does, in a process of its own: Node must not live on in this one."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(context),
        # The CDK's check of what CloudFormation would say takes three quarters of a synthesis, and no account is asked.
        "CDK_VALIDATION": "false",
    }
    with leash.start(
        "infra.app", environment=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        try:
            said = process.stderr.read()
            process.wait()
        except BaseException:
            # Somebody wants to end: pip and Node must not go on alone.
            leash.end(process)
            raise
    if process.returncode:
        raise SynthesisFailed(said.decode(errors="replace").strip())


def _share_assets(made: Path) -> None:
    for asset in made.glob("asset.*"):
        shared = _folder(_ASSETS) / asset.name
        with suppress(OSError):
            asset.rename(shared)
        shutil.rmtree(asset, ignore_errors=True)
