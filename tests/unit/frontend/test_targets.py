import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
import torch

import archsim
from archsim.errors import WorkloadError
from archsim.frontend.targets import build, importable, is_target, resolve

PACKAGE = Path(archsim.__file__).parent
RESNET = "workloads.models.cifar_resnet:resnet20"


def test_shipped_model_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sum(p.numel() for p in build(RESNET, {}, "cpu").parameters()) == 269_722


def test_shipped_model_is_found_in_an_installed_package(tmp_path):
    site = tmp_path / "site"
    copytree(PACKAGE, site / "archsim")
    copytree(PACKAGE.parent / "workloads", site / "archsim" / "shipped" / "workloads")
    code = (
        "import sys\n"
        f"sys.path[:] = [{str(site)!r}] + [p for p in sys.path if p != {str(PACKAGE.parent)!r}]\n"
        "from archsim.frontend import targets\n"
        f"assert targets.__file__.startswith({str(site)!r})\n"
        f"print(sys.modules[targets.resolve({RESNET!r}).__module__].__file__)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(run.stdout.strip()).is_relative_to(site / "archsim" / "shipped")


def test_working_directory_comes_before_what_ships(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    with importable():
        assert sys.path == [str(tmp_path), str(PACKAGE.parent), *before]
    assert sys.path == before


def test_path_is_put_back_even_if_what_is_called_changes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    with importable():
        sys.path.remove(str(tmp_path))
    assert sys.path == before


def test_callable_may_be_part_of_a_class(tmp_path, monkeypatch):
    (tmp_path / "classy_models.py").write_text(
        "import torch\nclass Zoo:\n    def small(width=2): return torch.nn.Linear(width, 1)\n"
    )
    monkeypatch.chdir(tmp_path)
    model = build("classy_models:Zoo.small", {"width": 4}, "meta")
    assert (model.in_features, model.weight.device) == (4, torch.device("meta"))


def test_module_and_callable_are_told_from_other_text():
    assert is_target("a.b:c.d")
    assert not any(map(is_target, ("", "a", "a:", ":b", "a/b:c", "data.npz", "a:b:c")))


def test_message_says_what_the_callable_is_to_return():
    with pytest.raises(
        WorkloadError,
        match=r"json:nothing: found no 'nothing'; expected .* returns some data; check",
    ):
        resolve("json:nothing", returns="some data")
    with pytest.raises(
        WorkloadError, match=r"json:__name__: found a str; .* that returns a torch.nn.Module; wrap"
    ):
        resolve("json:__name__")
