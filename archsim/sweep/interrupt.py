"""Ctrl-C as a question that is asked between two steps, when nothing is half done."""

from __future__ import annotations

import signal
import threading
from typing import Self


class Interrupt:
    """Takes note of a first Ctrl-C; a second one interrupts whatever is being done.

    Where Ctrl-C means something else already, or this is not the main thread, which alone hears
    signals, it stays as it was.

    Attributes:
        asked: Whether there was one.
    """

    def __init__(self) -> None:
        """Listen to nothing yet."""
        self.asked = False
        self._listening = False

    def __enter__(self) -> Self:
        usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        self._listening = usual and threading.current_thread() is threading.main_thread()
        if self._listening:
            signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        """Let Ctrl-C interrupt again."""
        if self._listening:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _hear(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
