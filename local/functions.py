"""A function on this machine: as many processes as there is work for."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from local.process import Definition, Process, variables
from local.runtime_api import Answer, Invocation
from local.strict import functions, recursion

#: how often an invocation's time is looked at, in seconds
_TICK = 0.1
#: how long work waits, in seconds, before another process is started for it: a start costs as much as many events
_PATIENCE = 0.25


class Function:
    """Runs invocations, each alone in a process; another process is started when all are busy."""

    def __init__(
        self,
        definition: Definition,
        *,
        session: Mapping[str, str],
        endpoint_url: str,
        region: str,
        log: Path,
        home: Path,
    ) -> None:
        self.definition = definition
        self.log = log
        self._environment = variables(definition, session=session, endpoint_url=endpoint_url, region=region, home=home)
        self._state = threading.Condition()
        self._waiting: deque[Invocation] = deque()
        self._processes: set[Process] = set()
        self._dead: list[Process] = []
        self._idle = 0
        self._under_way = 0
        self._stopping = False

    def start(self) -> None:
        """Starts the first process, so that the first event finds it warm."""
        with self._state:
            self._add_process()

    def invoke(self, event: bytes) -> Answer:
        """Runs the function on an event, as soon as there is a process for it.

        Raises RecursiveInvocation, Throttled.
        """
        chain = recursion.current().then(self.definition.name)
        invocation = Invocation(event, self.definition.arn, self.definition.timeout, chain)
        with self._state:
            if self._stopping:
                return Answer.failed("Runtime.Stopped", "the stack has ended")
            if self.definition.reserved is not None and self._under_way >= self.definition.reserved:
                raise functions.Throttled
            self._under_way += 1
            self._waiting.append(invocation)
            self._scale()
            self._state.notify()
        while not invocation.done.wait(_TICK):
            self._look_after(invocation)
        with self._state:
            self._under_way -= 1
        assert invocation.answer is not None
        words = functions.answer_too_large(invocation.answer.payload)
        return Answer.failed("Function.ResponseSizeTooLarge", words) if words else invocation.answer

    def wait_until_ready(self, seconds: float) -> str | None:
        """Returns None once a process asks for work, or says why none does."""
        end = time.monotonic() + seconds
        with self._state:
            while not any(process.ready for process in self._processes):
                if self._dead:
                    error = self._dead[0].api.init_error
                    return error.payload.decode() if error else self._dead[0].status
                if not self._state.wait(end - time.monotonic()):
                    return f"not ready after {seconds:.0f} s"
        return None

    def stop(self) -> None:
        """Ends all processes; what waits or is under way fails."""
        with self._state:
            self._stopping = True
            processes, waiting = list(self._processes), list(self._waiting)
            self._state.notify_all()
        for process in processes:
            process.kill()
        for process in processes:
            process.stop()
        while self._dead:
            self._dead.pop().api.stop()
        for invocation in waiting:
            invocation.finish(Answer.failed("Runtime.Stopped", "the stack has ended"))

    def _look_after(self, invocation: Invocation) -> None:
        if invocation.deadline is None:
            with self._state:
                self._scale()
        elif time.monotonic() > invocation.deadline:
            self._time_out(invocation)

    def _time_out(self, invocation: Invocation) -> None:
        seconds = self.definition.timeout
        message = f"{invocation.id} Task timed out after {seconds:.2f} seconds"
        invocation.finish(Answer.failed("Sandbox.Timedout", f"RequestId: {message}"))
        with self._state:
            for process in self._processes:
                if process.api.current is invocation:
                    process.kill()

    def _scale(self) -> None:
        """Starts a process when there is none, or when the others do not keep up; one after the other."""
        if not self._waiting or len(self._processes) >= self.definition.most:
            return
        behind = time.monotonic() - self._waiting[0].began > _PATIENCE
        starting = any(not process.ready for process in self._processes)
        if not self._processes or (behind and not starting and not self._idle):
            self._add_process()

    def _add_process(self) -> None:
        while self._dead:
            self._dead.pop().api.stop()
        self._processes.add(
            Process(
                self.definition.handler,
                environment=self._environment,
                cwd=self.definition.code,
                log=self.log,
                take=self._take,
                ended=self._ended,
            )
        )

    def _take(self, process: Process) -> Invocation | None:
        with self._state:
            process.ready = True
            self._state.notify_all()
            self._idle += 1
            try:
                while not self._waiting:
                    if self._stopping or not process.alive:
                        return None
                    self._state.wait()
                if self._stopping or not process.alive:
                    return None
                invocation = self._waiting.popleft()
            finally:
                self._idle -= 1
            return invocation

    def _ended(self, process: Process) -> None:
        """Answers for what a process had in hand when it died, or could not even begin."""
        with self._state:
            self._processes.discard(process)
            if self._stopping:
                lost = process.api.current
            else:
                self._dead.append(process)
                lost = process.api.current if process.ready else self._waiting.popleft() if self._waiting else None
                self._scale()
            self._state.notify_all()
        if lost is not None:
            message = f"RequestId: {lost.id} Error: Runtime exited with error: {process.status}"
            lost.finish(process.api.init_error or Answer.failed("Runtime.ExitError", message))
