"""``dvc repro`` in another clone gives the same figures and networks, to the byte."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.chaos import state
from tests.pipeline import project

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.pipeline]


@pytest.mark.timeout(1800)
def test_a_second_clone_gives_the_same_figures(tmp_path: Path) -> None:
    params = yaml.safe_load(project.PARAMS)
    params["ingest"]["layouts"], params["augment"]["splits"] = {"viper": "viper"}, {"viper": {}}
    params["pretrain"] |= {"source": "viper", "variants": ["mtdnet"]}
    params["train"] |= {"targets": [], "joint": {"targets": [], "splits": []}}
    first, second = tmp_path / "first", tmp_path / "second" / "elsewhere"
    project.make(first, yaml.safe_dump(params), {"viper": 16})
    subprocess.run(["git", "clone", "-q", first, second], check=True)
    shutil.copytree(first / "data", second / "data")
    for clone in (first, second):
        assert "Running stage 'report'" in project.run(clone, "dvc", "repro")
    expected = state.results(first)
    assert "results/report/metrics.json" in expected
    assert not list(state.different(second, expected))
