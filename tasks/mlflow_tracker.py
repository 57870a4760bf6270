"""The tracker that records in MLflow, and lets the work go on when MLflow doesn't.

``python -m tasks.mlflow_tracker`` records what the project has and MLflow lacks.
"""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow.environment_variables import MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from mtdnet import steps
from mtdnet.artifacts import Metrics
from mtdnet.params import Params
from mtdnet.steps import Network
from mtdnet.tracker import End, Tracker
from tasks import checkpoints, command, datasets, model_card, report_run, runs, store

FLUSH_SECONDS = 10.0
LATER = "`python -m tasks.mlflow_tracker` records it once MLflow answers"


class MlflowTracker(Tracker):
    """Records a network's training, or its test, in the training's run.

    What MLflow refuses is kept and tried once more at the end; a locked SQLite is waited for, 20
    seconds each time. Then a line to standard error says what is not recorded.
    """

    def __init__(self, network: Network, benchmark: str = "") -> None:
        """Take the network and the benchmark of its test, by default its own.

        Raise InputError when the store that MLFLOW_TRACKING_URI names is not there.

        Without the project's own store the work begins, and says so.
        """
        self._network, self._benchmark = network, benchmark or network[0]
        self._training: tuple[str, Mapping[str, Any]] | None = None
        self._run_id: str | None = None
        self._monitor: Any = None
        self._rows: list[Mapping[str, float]] = []
        self._figures: dict[str, float] = {}
        self._files: list[Path] = []
        self._flushed = time.monotonic()
        self._failed = False
        self._every, self._shared = checkpoints.seconds(), time.monotonic()
        if store.location() != store.OWN:
            store.client()

    def start(self, fingerprint: str, settings: Mapping[str, Any]) -> None:
        """Begin the training's run, or go on in it.

        MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING=true adds what the machine does meanwhile.
        """
        self._training = fingerprint, settings
        self._try()
        asked: Any = MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING  # it has no types, nor has the next
        if self._run_id and asked.get():
            make: Any = SystemMetricsMonitor
            uri = store.location()
            self._monitor = make(self._run_id, resume_logging=True, tracking_uri=uri)
            self._monitor.start()

    def log(self, row: Mapping[str, float]) -> None:
        """Take a row of the history, unless the run has it already."""
        self._rows.append(row)
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._try()
        if self._every is not None and time.monotonic() - self._shared > self._every:
            self._share()

    def figures(self, figures: Mapping[str, float]) -> None:
        """Take figures of the test."""
        self._figures |= figures

    def artefact(self, file: Path) -> None:
        """Take a picture of the test."""
        self._files.append(file)

    def end(self, end: End) -> None:
        """Write what is left, and end the run of a training that has started."""
        if not self._training and not self._figures:
            return
        if self._monitor:
            self._monitor.finish()
        try:
            self._flush()
            run_id = self._run()
            runs.log_figures(run_id, self._figures)
            if self._figures:
                datasets.log(run_id, self._benchmark, "test")
                if self._benchmark == self._network[0]:
                    card = model_card.write(steps.model(*self._network), self._network, Path())
                    runs.describe(run_id, card.table)
            for file in self._files:
                store.client().log_artifact(run_id, str(file), "test")
            if self._training and end == "FINISHED":
                runs.finish(run_id, steps.model(*self._network))
                if self._every is not None:
                    checkpoints.forget(run_id)
            elif self._training:
                runs.end(run_id, end)
                if end == "KILLED" and self._every is not None:
                    self._share()
        except Exception as problem:
            self._say(f"not recorded in MLflow ({store.reason(problem)}); {LATER}")

    def _run(self) -> str:
        if self._run_id is None and self._training:
            self._run_id = runs.start(self._network, *self._training)
        elif self._run_id is None:
            self._run_id = runs.of_network(self._network, steps.model(*self._network))
        return self._run_id

    def _share(self) -> None:
        """Let other machines have the training's state as it is now."""
        try:
            checkpoints.share(self._run(), self._network)
        except Exception as problem:
            self._say(f"checkpoint not shared ({store.reason(problem)}); tried again later")
        self._shared = time.monotonic()

    def _flush(self) -> None:
        runs.log_rows(self._run(), self._rows)
        self._rows.clear()

    def _try(self) -> None:
        """Write what was taken; after a failure no more, lest the work waits each time."""
        if self._failed:
            return
        try:
            self._flush()
        except Exception as problem:
            self._failed = True
            self._say(f"MLflow fails ({store.reason(problem)}); tried again at the end")
        self._flushed = time.monotonic()

    def _say(self, line: str) -> None:
        print("{}-{}-{}: ".format(*self._network) + line, file=sys.stderr)


def record_all(params: Params) -> None:
    """Record each network, each test and the report, if MLflow lacks it; end runs of the dead."""
    runs.end_dead()
    for network in steps.evaluated(params) + steps.trained_jointly(params):
        own = steps.origin(params, network)
        model, evaluation = steps.model(*own), steps.evaluation(*network)
        if (evaluation / Metrics.FILE).is_file() and model.is_dir():
            steps.track_evaluation(network, MlflowTracker(own, network[0]))
        elif model.is_dir():
            runs.of_network(own, model)
    if steps.REPORT.is_dir():
        report_run.record()


if __name__ == "__main__":
    sys.exit(command.main(record_all))
