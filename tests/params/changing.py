"""The project's parameters with changes."""

from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


def changed(tmp_path: Path, section: str, **values: object) -> Path:
    """Write the project's own with other ``values`` in a section."""
    content = YAML(typ="safe").load(ROOT / "params.yaml")
    content[section].update(values)
    target = tmp_path / "params.yaml"
    YAML(typ="safe").dump(content, target)
    return target
