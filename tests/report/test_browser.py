"""The page in a browser: nothing is complained about, asked for, or wider than a phone."""

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(NAMES)} is on PATH"),
    pytest.mark.slow,
]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # the browser's own requests end here
    "--enable-logging=stderr",
    "--v=0",
    "--virtual-time-budget=5000",
    "--dump-dom",
)
LIGHT, DARK = (f"--blink-settings=preferredColorScheme={number}" for number in (1, 0))
# Of a page in a frame as wide as a phone: its width, the pictures it shows, its colour.
MEASURE = """<!DOCTYPE html><iframe width="390" height="844" style="border: 0" srcdoc="{}"></iframe>
<script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  page.querySelectorAll("details").forEach((one) => one.open = true);
  const found = {{
    page: page.documentElement.clientWidth,
    wide: page.documentElement.scrollWidth,
    images: [...page.images].filter((one) => one.naturalWidth > 0).length,
    paper: page.defaultView.getComputedStyle(page.body).backgroundColor,
  }};
  document.body.textContent = "found" + JSON.stringify(found) + "end";
}};
</script>"""


def browse(page: Path, *flags: str) -> tuple[str, list[str], list[str]]:
    """Open a page; return its document, what the console said and what the page asked for."""
    room = page.with_suffix(".browser")
    log = room / "net.json"
    own = (f"--user-data-dir={room}", f"--log-net-log={log}", page.as_uri())
    try:
        ran = subprocess.run(
            [str(BROWSER), *FLAGS, *flags, *own],
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        )
        net = json.loads(log.read_text(encoding="utf-8"))
    finally:
        shutil.rmtree(room, ignore_errors=True)
    asked = net["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    requests = [event["params"] for event in net["events"] if event["type"] == asked]
    return (
        ran.stdout,
        re.findall(r"CONSOLE:\d+\] (.*)", ran.stderr),
        # The browser's own have no origin; a file's is "null".
        [r["url"] for r in requests if "url" in r and r.get("initiator") != "not an origin"],
    )


def measure(html: str, folder: Path, *flags: str) -> dict[str, int | str]:
    """Return what a page looks like on a phone, all of its pictures loaded."""
    frame = folder / "frame.html"
    html = html.replace(' loading="lazy"', "")
    frame.write_text(MEASURE.format(escape(html)), encoding="utf-8")
    found = re.search(r"found(.*)end", browse(frame, *flags)[0])
    assert found
    return dict(json.loads(unescape(found[1])))


def test_the_console_is_silent_and_nothing_is_requested(html: str, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text(html, encoding="utf-8")
    document, console, requests = browse(page)
    assert "Which head is right?" in document
    assert console == [] and requests == []


@pytest.mark.parametrize(
    "broken",
    ['<img src="http://mtdnet.invalid/x.png" alt="">', "<script>console.error(1)</script>"],
    ids=["picture", "script"],
)
def test_what_the_policy_stops_is_seen(html: str, tmp_path: Path, broken: str) -> None:
    page = tmp_path / "index.html"
    page.write_text(html.replace("</main>", f"{broken}</main>"), encoding="utf-8")
    _, console, requests = browse(page)
    assert len(console) == 1 and "Content Security Policy" in console[0] and requests == []


def test_what_the_policy_would_not_stop_is_seen(html: str, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    broken = '<img src="http://mtdnet.invalid/x.png" alt=""><script>console.error(1)</script>'
    free = re.sub(r'<meta http-equiv="Content-Security-Policy".*?>', "", html)
    page.write_text(free.replace("</main>", f"{broken}</main>"), encoding="utf-8")
    _, console, requests = browse(page)
    assert any(text.startswith('"1"') for text in console)
    assert requests == ["http://mtdnet.invalid/x.png"]


@pytest.mark.parametrize(("scheme", "paper"), [(LIGHT, 255), (DARK, 22)], ids=["light", "dark"])
def test_a_phone_shows_the_whole_width(html: str, tmp_path: Path, scheme: str, paper: int) -> None:
    found = measure(html, tmp_path, scheme)
    assert 370 <= int(found["page"]) <= 390
    assert found["wide"] == found["page"]
    assert found["images"] == html.count("<img")
    assert int(re.findall(r"\d+", str(found["paper"]))[0]) == paper


@pytest.mark.parametrize(
    "broken", ['<div style="width: 30rem">wide</div>', f"<pre>{'x' * 90}</pre>"]
)
def test_what_is_wider_than_a_phone_is_seen(tmp_path: Path, html: str, broken: str) -> None:
    found = measure(html.replace("</main>", f"{broken}</main>"), tmp_path)
    assert int(found["wide"]) > int(found["page"])
