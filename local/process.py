"""A function's process: AWS's own runtime client, with the function's layers and variables and nothing else."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from local import leash
from local.runtime_api import Invocation, RuntimeApi

#: what Lambda itself brings to a function; everything else must come from its layers
_RUNTIME_DISTRIBUTIONS = ("awslambdaric", "snapshot-restore-py", "simplejson")
#: an interpreter that sees no site-packages, since a missing dependency must be missing; and that writes nothing beside
#: its code, as none can there: the byte code is the one that was uploaded
_ISOLATED = ("-S", "-s", "-P", "-B")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A function as the template has it."""

    name: str
    arn: str
    #: `module.function`
    handler: str
    #: seconds that an invocation may take
    timeout: float
    memory_mb: int
    #: the ARN of its role
    role: str
    #: the function's own variables
    environment: Mapping[str, str]
    log_group: str
    #: the folder of its code
    code: Path
    #: the folders of its layers, the later ones winning
    layers: tuple[Path, ...]
    #: processes at most: a laptop has fewer processors than Lambda
    most: int = 8
    #: ReservedConcurrentExecutions: whatever comes beyond it is throttled
    reserved: int | None = None


class Process:
    """One process of a function, from its start to its death."""

    def __init__(
        self,
        handler: str,
        *,
        environment: Mapping[str, str],
        cwd: Path,
        log: Path,
        take: Callable[["Process"], Invocation | None],
        ended: Callable[["Process"], None],
    ) -> None:
        self.api = RuntimeApi(lambda: take(self))
        self._ended = ended
        #: whether it has asked for work, which is to say that its code could be imported
        self.ready = False
        with log.open("ab") as output:
            self._popen = leash.start(
                "awslambdaric",
                handler,
                environment={**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address},
                cwd=cwd,
                flags=_ISOLATED,
                stdout=output,
                stderr=output,
            )
        self._watch = threading.Thread(target=self._wait, daemon=True)
        self._watch.start()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._popen.returncode is None

    @property
    def status(self) -> str:
        """How the process ended, in Lambda's words."""
        code = self._popen.returncode or 0
        return f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def kill(self) -> None:
        """Ends the process at once."""
        leash.end(self._popen)

    def stop(self) -> None:
        """Ends the process and everything that belongs to it."""
        self.kill()
        self._watch.join()
        self.api.stop()

    def _wait(self) -> None:
        self._popen.wait()
        if self._popen.stdin:
            self._popen.stdin.close()
        self._ended(self)


def variables(
    definition: Definition, *, session: Mapping[str, str], endpoint_url: str, region: str, home: Path
) -> dict[str, str]:
    """Returns what Lambda sets, the credentials of the role's session among it, and the function's own variables.

    See docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html.
    """
    layers = [str(layer / "python") for layer in reversed(definition.layers)]
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONPATH": os.pathsep.join([str(definition.code), *layers, str(_runtime())]),
        "LAMBDA_TASK_ROOT": str(definition.code),
        "_HANDLER": definition.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": definition.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(definition.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": definition.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
        "AWS_ENDPOINT_URL": endpoint_url,
        **definition.environment,
    }


def _runtime() -> Path:
    """The runtime client and nothing else, in a folder of links."""
    folder = leash.BUILD / "runtime"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _RUNTIME_DISTRIBUTIONS:
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files if file.suffix in (".py", ".so")}:
            link, target = folder / top, Path(str(distribution(name).locate_file(top)))
            if not link.exists():
                link.unlink(missing_ok=True)
                link.symlink_to(target, target_is_directory=target.is_dir())
    return folder
