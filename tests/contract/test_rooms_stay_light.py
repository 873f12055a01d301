"""Physics knows no framework, and a machine loads without any heavy package."""

import ast
import subprocess
import sys
from pathlib import Path

import archsim.physics

PHYSICS = Path(archsim.physics.__file__).parent
HEAVY = ("torch", "pandas", "pyarrow", "numpy", "simpy", "rich")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_physics_imports_only_the_standard_library_and_itself():
    found = {name for path in PHYSICS.glob("*.py") for name in imported(path)}
    foreign = {
        name
        for name in found
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith("archsim.physics")
    }
    assert foreign == set()


def test_loading_a_machine_imports_nothing_heavy():
    code = (
        "import sys; from archsim.hardware import load_hardware; load_hardware('dota_b'); "
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
