"""A process that can be killed often: it imports the platform once and forks a child for each run that a test wants.

A child can also be told to kill itself at its n-th write boundary. Each durable write has four: before and after the
commit of a ledger's transaction, before and after the commit of a Delta table; a request has two: before it is sent,
and when its answer has come and nothing of it is written.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[2]


class MortalProcess:
    """Runs `function(*arguments)` of a module in forked children; see `main` for the other side."""

    def __init__(self, function: str, environment: dict[str, str] | None = None) -> None:
        """Args: function: `package.module:name`."""
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "enrichment_platform_tests.servers.mortal", function],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: Any, die_at: int | None = None) -> int:
        """Start a child, which dies at that boundary (counted from 1); its process id."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(json.dumps([arguments, die_at]) + "\n")
        self._parent.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """Wait for the child; its exit status, negative where a signal ended it."""
        return int(self._line())

    def run(self, *arguments: Any, die_at: int | None = None) -> int:
        """Start a child and wait for it."""
        self.start(*arguments, die_at=die_at)
        return self.ended()

    def close(self) -> None:
        """End the process and its child."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.kill()
        self._parent.wait()
        self._parent.stdin.close()
        self._parent.stdout.close()

    def __enter__(self) -> MortalProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _line(self) -> str:
        assert self._parent.stdout is not None
        line = self._parent.stdout.readline()
        assert line, "the process has failed; see its error output"
        return line


class Boundaries:
    """Counts the write boundaries that a process passes, and kills it at the chosen one."""

    def __init__(self, die_at: int | None) -> None:
        self._die_at = die_at
        self._passed = 0

    def reached(self) -> None:
        """Pass one."""
        self._passed += 1
        if self._passed == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """A function with a boundary before and after it."""

        def bounded(*arguments: Any, **named: Any) -> Any:
            self.reached()
            result = work(*arguments, **named)
            self.reached()
            return result

        return bounded

    def install(self) -> None:
        """Put boundaries around all durable writes and requests of this process."""
        from enrichment_platform.inference import archive
        from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint
        from enrichment_platform.lake import tables

        for dialect in (sa.dialects.sqlite.dialect, sa.dialects.postgresql.dialect):
            _replace(dialect, "do_commit", self.around(dialect.do_commit))
        for module in (tables, archive):
            _replace(module, "write_deltalake", self.around(module.write_deltalake))
        complete = OpenAIEndpoint.complete

        async def asked(*arguments: Any) -> Any:
            self.reached()
            completion = await complete(*arguments)
            self.reached()
            return completion

        _replace(OpenAIEndpoint, "complete", asked)


def _replace(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def main() -> None:
    """Read `[arguments, die_at]` line by line; print the id and then the exit status of each child."""
    module, _, name = sys.argv[1].partition(":")
    function = getattr(__import__(module, fromlist=[name]), name)
    for line in sys.stdin:
        arguments, die_at = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 70
            try:
                Boundaries(die_at).install()
                function(*arguments)
                status = 0
            except BaseException:  # noqa: BLE001 - a forked child must not go on with its parent's work
                import traceback

                traceback.print_exc()
            finally:
                os._exit(status)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
