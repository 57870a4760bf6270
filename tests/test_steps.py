from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from mtdnet import steps
from mtdnet.errors import InputError
from mtdnet.params import Params, build, load

ROOT = Path(__file__).parents[1]

NAMES = ["/abs/x", "..", "a/b", "a\\b", "", ".", "x;y", "a b", "-x", "a\n"]


@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_no_name(name: str) -> None:
    folders: list[Callable[[], Path]] = [
        lambda: steps.ingested(name),
        lambda: steps.augmented(name, 0),
        lambda: steps.model(name, 0, "mtdnet"),
        lambda: steps.model("viper", 0, name),
        lambda: steps.evaluation(name, 0, "mtdnet"),
        lambda: steps.evaluation("viper", 0, name),
    ]
    for folder in folders:
        with pytest.raises(InputError, match="no name of a benchmark or variant"):
            folder()


def test_no_step_writes_over_the_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images = tmp_path / "images" / "VIPeR" / "cam_a"
    images.mkdir(parents=True)
    (images / "000_45.bmp").write_bytes(b"original")
    own = str(tmp_path / "images")
    content: dict[str, Any] = {"ingest": {"layouts": {own: "viper"}}, "pretrain": {"source": own}}
    content |= {section: {} for section in ("augment", "train", "evaluate", "report")}
    with pytest.raises(InputError):  # when parameters are read, or here
        steps.ingest(build(Params, content, "params.yaml"), own)
    assert [p.name for p in tmp_path.iterdir()] == ["images"]
    assert (images / "000_45.bmp").read_bytes() == b"original"


def test_an_evaluation_is_refused_while_another_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = load(ROOT / "params.yaml")
    benchmark, split, variant = steps.trained(chosen)[0]
    lock = tmp_path / "checkpoints" / "evaluate" / f"{benchmark}-{split}" / f"{variant}.lock"
    lock.parent.mkdir(parents=True)
    refused = pytest.raises(InputError, match=f"another process does the evaluation of {variant}")
    with FileLock(lock), refused:
        steps.evaluate(chosen, benchmark, variant, split)
    with pytest.raises(InputError, match="no such"):  # of its own account
        steps.evaluate(chosen, benchmark, variant, split)
