"""What `make deploy` gives to the server."""

import importlib

import yaml
from prefect import Flow

from flows.environment import ROOT


def test_deployments_of_the_project_name_its_flows() -> None:
    told = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    entries = {each["name"]: each for each in told["deployments"]}
    for each, name in (("weekly", "reproduce"), ("one", "target")):
        module, _, flow = entries[each]["entrypoint"].rpartition(".")
        made = getattr(importlib.import_module(module), flow)
        assert isinstance(made, Flow)
        assert made.name == name
    assert all(each["work_pool"]["name"] == "gpu" for each in entries.values())
    (weekly,) = entries["weekly"]["schedules"]
    minute, hour, day, month, weekday = weekly["cron"].split()
    assert (day, month) == ("*", "*")
    assert minute.isdigit() and hour.isdigit() and weekday.isdigit()
