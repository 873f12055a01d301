"""An evaluation that is kept in a file: what it goes on with, and what it does not."""

import json

import pytest
import torch

from archsim.errors import ConfigError
from archsim.functional import evaluate
from archsim.hardware import load_hardware
from tests.unit.functional.test_evaluation import run, small, task


def test_an_interrupted_evaluation_goes_on_where_it_was(tmp_path):
    path, whole = tmp_path / "kept.json", run()

    def interrupt(done, _):
        if done == 11:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=interrupt, checkpoint=path)
    assert path.exists()
    assert run(checkpoint=path) == run(checkpoint=str(path)) == whole


def test_a_checkpoint_of_other_choices_is_refused(tmp_path):
    path = tmp_path / "kept.json"
    run(checkpoint=path)
    for options in ({"seed": 1}, {"batch": 30}, {"plan": 2}, {"machine": "dota_b"}):
        with pytest.raises(ConfigError, match="found results of another run"):
            run(checkpoint=path, **options)
    assert run(checkpoint=path, trials=4).trials == 4


def test_a_checkpoint_is_of_the_weights_and_of_what_the_network_takes(tmp_path):
    path, machine = tmp_path / "kept.json", load_hardware("homodyne")
    evaluate(task(), machine, trials=1, checkpoint=path)
    other = small()
    with torch.no_grad():
        other[0].weight[0, 0] += 1
    halved = {"prepare": lambda inputs: (inputs / 2,)}
    for changed in ({"model": other}, halved):
        with pytest.raises(ConfigError, match="found results of another run"):
            evaluate(task(**changed), machine, trials=1, checkpoint=path)
    assert evaluate(task(), machine, trials=1, checkpoint=path).trials == 1


def test_a_checkpoint_is_of_one_device(tmp_path):
    path = tmp_path / "kept.json"
    run(checkpoint=path)
    with pytest.raises(ConfigError, match="found results of another run"):
        run(checkpoint=path, device="cpu:0")


@pytest.mark.parametrize("there", [20, 39])  # after a batch, and within one
def test_a_checkpoint_that_was_cut_short_goes_on_from_there(tmp_path, there):
    path, whole = tmp_path / "kept.json", run(batch=20)
    run(checkpoint=path, batch=20)
    document = json.loads(path.read_text())
    results = document["results"]
    del results["trial 2"], results["trial 1"][there:]
    path.write_text(json.dumps(document))
    assert run(checkpoint=path, batch=20) == whole
    assert json.loads(path.read_text())["results"].keys() == {*results, "trial 2"}


def test_a_checkpoint_with_more_results_than_examples_is_refused(tmp_path):
    path = tmp_path / "kept.json"
    run(checkpoint=path)
    document = json.loads(path.read_text())
    document["results"]["trial 1"].append(1.0)
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError, match="found 61 results in 'trial 1'; expected 60 finite ones"):
        run(checkpoint=path)
