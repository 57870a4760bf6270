"""Kill a small flow at random moments and start it again, until nothing of it is lost or wrong.

``python -m tests.chaos --runs 100 --seed 0``
"""

import argparse
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

from tests.chaos import kill, state
from tests.pipeline import project

JOINT = (
    project.PARAMS.replace("[mtdnet, rnk]", "[mtdnet]")
    .replace("[cross]", "[mtdnet]")
    .replace("splits: [0, 1]", "splits: [0]")
)
PARAMS = JOINT.replace(
    "joint: {targets: [viper], splits: [0]}", "joint: {targets: [], splits: []}"
).replace("source_only: [mtdnet]", "source_only: []")
PERSONS = {"cuhk03": 30, "viper": 16}
LONGEST = 1800.0  # seconds of a flow that hangs


class Chaos:
    """A small project's flow, disturbed, against the same undisturbed."""

    def __init__(self, room: Path, seed: int, params: str = PARAMS) -> None:
        self.room, self.rng = room, random.Random(seed)  # noqa: S311
        self.mark = f"{room.name}-{seed}"
        self.kills: Counter[str] = Counter()
        self.fresh = room / "fresh"
        project.make(self.fresh, params, PERSONS)
        began = time.monotonic()
        still = self._copy("still")
        status = self._flow(still)
        assert status == 0, (still / "flow.log").read_text()
        self.seconds = time.monotonic() - began
        self.expected = state.results(still)
        self.wrong = [f"undisturbed: {line}" for line in state.wrong(still)]

    def disturb(self, kills: int) -> Iterator[str]:
        """Kill and start again until ``kills`` were made and the last project is whole.

        Yields a line a kill and a line a thing that is wrong.
        """
        yield f"undisturbed: {self.seconds:.0f} s, {len(self.expected)} files"
        yield from self.wrong
        number = 0
        while self.kills.total() < kills:
            number += 1
            root = self._copy(f"disturbed{number}")
            before = len(self.wrong)
            yield from self._once(root, kills)
            if len(self.wrong) == before:
                shutil.rmtree(root)  # what is wrong stays to be looked at

    def _once(self, root: Path, kills: int) -> Iterator[str]:
        while True:
            way = self.rng.choice(kill.WAYS) if self.kills.total() < kills else ""
            after = self.rng.uniform(0, self.seconds)
            status = self._flow(root, after, way)
            if status == "killed":
                self.kills[way] += 1
                yield f"{root.name}: kill {self.kills.total()}, {way}, after {after:.1f} s"
            if not kill.gone(self.mark):
                yield self._note(root, f"orphans: {kill.alive(self.mark)}")
                kill.kill(self.mark, "all", self.rng)
            text = (root / "flow.log").read_text()
            (root / "flow.log").unlink()
            if "Traceback" in text:
                yield self._note(root, f"a traceback:\n{text[-6000:]}")
            if status == 0:
                break
            if status != "killed" and not way:
                yield self._note(root, f"ended with {status}:\n{text[-3000:]}")
                return
        for line in (*state.different(root, self.expected), *state.wrong(root)):
            yield self._note(root, line)

    def _note(self, root: Path, line: str) -> str:
        self.wrong.append(f"WRONG {root.name}: {line}")
        return self.wrong[-1]

    def _flow(self, root: Path, after: float = LONGEST, way: str = "") -> int | str:
        """Run the flow; kill it, some way, after seconds. Return its status, or "killed"."""
        env = project.environment() | {kill.MARK: self.mark}
        env |= {"PREFECT_HOME": str(root / ".prefect"), "DVC_SITE_CACHE_DIR": str(root / ".site")}
        env["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = str(LONGEST)
        with (root / "flow.log").open("w") as log:
            command = [sys.executable, "-m", "flows.reproduce"]
            flow = subprocess.Popen(command, cwd=root, env=env, stdout=log, stderr=log)
            try:
                return flow.wait(after if way else LONGEST)
            except subprocess.TimeoutExpired:
                kill.kill(self.mark, way or "all", self.rng)
            try:
                flow.wait(LONGEST)  # of one process killed it may recover
            except subprocess.TimeoutExpired:
                kill.kill(self.mark, "all", self.rng)
                flow.wait()
                self._note(root, "hung")
            return "killed" if way else "hung"

    def _copy(self, name: str) -> Path:
        shutil.copytree(self.fresh, self.room / name, symlinks=True)
        return self.room / name


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="how many kills")
    parser.add_argument("--seed", type=int, default=0)
    told = "with joint networks and those of the source on targets: four times as long"
    parser.add_argument("--joint", action="store_true", help=told)
    words = parser.parse_args()
    room = Path(mkdtemp(prefix="mtdnet-chaos-"))
    chaos = Chaos(room, words.seed, JOINT if words.joint else PARAMS)
    for line in chaos.disturb(words.runs):
        print(line, flush=True)
    print(f"{chaos.kills.total()} kills {dict(chaos.kills)}, {len(chaos.wrong)} things wrong")
    if chaos.wrong:
        print(f"left to be looked at: {room}")
        return 1
    shutil.rmtree(room)
    return 0


if __name__ == "__main__":
    sys.exit(main())
