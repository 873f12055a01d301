"""``python -m archsim``."""

from __future__ import annotations

from archsim.cli import main

main()
