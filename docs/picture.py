"""``python -m docs.picture``: draw the rooms of the code and who imports whom.

Floors are those of the contracts in ``pyproject.toml``. An arrow that follows from two others is
left out, and so are arrows to the ground floor, which any room may import.
"""

import tomllib
from pathlib import Path

import grimp

TARGET = Path(__file__).with_name("architecture.svg")
PROJECT = Path(__file__).parents[1] / "pyproject.toml"
GROUND = 3  # the last floors, drawn as one
WIDTH, HEIGHT, ROOM, STOREY = 940, 32, 104, 84  # of the picture, a box, and between floors
ASIDE = {"mtdnet.commands": WIDTH / 4}  # moved out of the way of the arrows of tasks
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img"
 font-family="system-ui, sans-serif" font-size="13" text-anchor="middle">
<title>Rooms of the code, and who imports whom</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
 orient="auto"><path d="M0 0 8 4 0 8z" fill="#667"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>"""
LINE = '<path d="M{:g} {:g}C{:g} {:g} {:g} {:g} {:g} {:g}" {}/>'
INK = 'fill="none" stroke="#667" marker-end="url(#tip)"'
BOX = '<rect x="{:g}" y="{:g}" width="{:g}" height="{:g}" rx="4" fill="{}" stroke="#334"/>'
TEXT = '<text x="{:g}" y="{:g}">{}</text>'


def floors(graph: grimp.ImportGraph) -> list[list[str]]:
    """Return the modules of each floor, the highest first."""
    linter = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]
    top, rooms, *_ = linter["contracts"]
    named = [[f"mtdnet.{name.strip(' ()')}" for name in f.split(":")] for f in rooms["layers"]]
    ground = [name for floor in named[-GROUND:] for name in floor if name in graph.modules]
    return [[name] for name in top["layers"][:-1]] + named[1:-GROUND] + [ground]


def arrows(graph: grimp.ImportGraph, rooms: list[str]) -> list[tuple[str, str]]:
    """Return (importer, imported) of rooms, without what follows from other arrows."""
    below = {
        a: {b for b in rooms if a != b and graph.find_shortest_chain(a, b, as_packages=True)}
        for a in rooms
    }
    return [
        (a, b)
        for a in rooms
        for b in rooms
        if b in below[a] and all(b not in below[c] for c in below[a])
    ]


def svg() -> str:
    """Return the picture."""
    graph = grimp.build_graph("mtdnet", "tasks", "flows", exclude_type_checking_imports=True)
    *upper, ground = floors(graph)
    height = STOREY * (len(upper) + 1)
    place = {
        name: (WIDTH * (i + 1) / (len(floor) + 1) + ASIDE.get(name, 0), 20 + STOREY * level)
        for level, floor in enumerate(upper)
        for i, name in enumerate(floor)
    }
    parts = [HEAD.format(WIDTH, height)]
    for a, b in arrows(graph, list(place)):
        (x, y), (u, v) = place[a], place[b]
        if y == v:
            side, middle = (ROOM if u > x else -ROOM) / 2, y + HEIGHT / 2
            x, u = x + side, u - side
            parts.append(LINE.format(x, middle, x, middle, u, middle, u, middle, INK))
        else:
            parts.append(LINE.format(x, y + HEIGHT, x, y + STOREY, u, v - STOREY / 2, u, v, INK))
    for name, (x, y) in place.items():
        fill = "#e3ecf7" if name.startswith("mtdnet") else "#f7ecd9"
        parts.append(BOX.format(x - ROOM / 2, y, ROOM, HEIGHT, fill))
        parts.append(TEXT.format(x, y + 21, name.removeprefix("mtdnet.")))
    parts.append(BOX.format(20, height - 56, WIDTH - 40, HEIGHT, "#eee"))
    names = "everybody's: " + ", ".join(name.removeprefix("mtdnet.") for name in ground)
    parts.append(TEXT.format(WIDTH / 2, height - 35, names))
    return "\n".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    TARGET.write_text(svg(), encoding="utf-8")
