"""Stop signals while asking: nothing new is sent, what is in flight is waited for and kept."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_stop_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` from the running loop on SIGINT and SIGTERM; the handlers from before come back afterwards.

    A handler that raises in the middle of the loop (Dagster's, Python's own) would lose answers that have arrived but
    are not stored yet. Outside the main thread signals do not arrive, and nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            if handler is not None:  # None: it was not set from Python, and cannot be set back from here
                signal.signal(number, handler)
