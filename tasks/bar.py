"""Progress bars that a stage draws, read back: a log is no place to draw them."""

import re
from typing import NamedTuple, Self

# As tqdm writes one: "viper:  37%|███▋      | 134k/360k [29:55<53:20, 70.5 triplets/s, loss 0.1]"
BAR = re.compile(
    r"(?:(?P<name>[^|%]*): )?\s*(?P<share>\d+)%\|[^|]*\| (?P<amount>\S+) "
    r"\[[^<\]]*<(?P<left>[^,\]]+)(?:, (?P<more>[^\]]*))?\]"
)


class Bar(NamedTuple):
    """What a bar says: how much of how many is done, in per cent too, and the time left."""

    name: str
    share: int
    amount: str
    left: str
    more: str

    @classmethod
    def read(cls, line: str) -> Self | None:
        """Return the bar that a line draws, None where it draws none."""
        if not (match := BAR.search(line)):
            return None
        name, share, amount, left, more = match.groups(default="")
        return cls(name.strip(), int(share), amount, left, more.strip())

    def line(self) -> str:
        """Return "viper: 37 %, 134k/360k, 53:20 left, 70.5 triplets/s, loss 0.1"."""
        left = f"{self.left} left" if self.share < 100 else "done"
        said = ", ".join(filter(None, [f"{self.share} %", self.amount, left, self.more]))
        return f"{self.name}: {said}" if self.name else said
