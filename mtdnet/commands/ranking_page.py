"""The page of a ranking: the query and its matches, in one file without a script or a request."""

import io
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from mtdnet.data.pixels import read_files

SIZE = 240, 480  # pixels, at most; a person is upright
TOLD = {
    "probability": "Calibrated probability that both show one person, for a prior of one half.",
    "distance": "Squared distance of the ranking features, 0 to 4: this network only ranks.",
}
PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
:root { --ink: #1b1f24; --paper: #fff; --soft: #57606a; --line: #d0d7de; --bar: #0550ae; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --paper: #16191d; --soft: #a3abb5; --line: #3b424b; --bar: #7ab7ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 84rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.2; overflow-wrap: anywhere; }
header p { margin: 0 0 1rem; max-width: 64rem; color: var(--soft); overflow-wrap: anywhere; }
main { display: grid; gap: 1.5rem; }
ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: 1rem;
  margin: 0; padding: 0; list-style: none; }
figure { margin: 0; }
img { display: block; width: 100%; height: 16rem; object-fit: contain; border-radius: .25rem;
  border: 1px solid var(--line); }
.query { width: 9rem; }
.query img { border: 3px solid var(--bar); }
figcaption { margin-top: .25rem; font-variant-numeric: tabular-nums; }
figcaption b { margin-right: .5rem; }
.score { height: .25rem; background: var(--line); }
.score div { height: 100%; background: var(--bar); }
.file { display: block; color: var(--soft); font-size: .8125rem; line-height: 1.3;
  overflow-wrap: anywhere; }
@media (min-width: 48rem) {
  main { grid-template-columns: 9rem 1fr; }
  .query { position: sticky; top: 1rem; align-self: start; }
}
@media print { .query { position: static; } li { break-inside: avoid; } }
</style>
</head>
<body>
<header>
<h1>$title</h1>
<p>$summary</p>
</header>
<main>
<figure class="query">$query<figcaption><b>Query</b><span class="file">$name</span></figcaption>
</figure>
<ol>
$matches
</ol>
</main>
</body>
</html>
""")


class Match(NamedTuple):
    """An image of a gallery, its rank from 1 on and its probability or distance."""

    rank: int
    file: Path
    score: float


def told(score: float, measure: str) -> str:
    """Return a score in digits; distances of unit vectors are often small."""
    return f"{score:.2f}" if measure == "probability" else f"{score:.4f}"


def sheet(query: Path, matches: Sequence[Match], measure: str, model: str, gallery: int) -> str:
    """Return the page as HTML; ``gallery``: how many images were ranked.

    Its images are small copies without their files' metadata. InputError when one can't be read.
    """
    return PAGE.substitute(
        title=escape(f"Most like {query.name}"),
        summary=escape(
            f"{len(matches):,} of {gallery:,} images, ranked by {model}. {TOLD[measure]}"
        ),
        query=_image(query, f"Query: {query}"),
        name=escape(str(query)),
        matches="\n".join(_match(match, measure) for match in matches),
    )


def _match(match: Match, measure: str) -> str:
    score = told(match.score, measure)
    alt = f"Rank {match.rank}: {match.file}, {measure} {score}"
    bar = ""
    if measure == "probability":
        bar = f'<div class="score"><div style="width: {match.score:.0%}"></div></div>'
    return (
        f"<li><figure>{_image(match.file, alt)}{bar}\n<figcaption><b>{match.rank}</b>"
        f'{score}<span class="file">{escape(str(match.file))}</span></figcaption>'
        "</figure></li>"
    )


def _image(file: Path, alt: str) -> str:
    ((image, _),) = read_files(Path(), [str(file)])
    image.thumbnail(SIZE)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=90)
    data = b64encode(content.getvalue()).decode("ascii")
    return f'<img src="data:image/jpeg;base64,{data}" alt="{escape(alt, quote=True)}">'
