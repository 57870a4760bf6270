"""Which number format a processor is asked to multiply in."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from mtdnet import device


@pytest.mark.parametrize(
    ("maker", "flags", "bf16"),
    [
        ("AuthenticAMD", "avx2 avx512f", False),
        ("AuthenticAMD", "avx512f avx512_bf16", True),
        ("GenuineIntel", "avx512f avx512_bf16", False),  # slower than float32 there
        ("GenuineIntel", "avx512f avx512_bf16 amx_bf16 amx_tile", True),
    ],
)
def test_a_processor_multiplies_bf16_where_that_is_faster(
    maker: str, flags: str, bf16: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"vendor_id\t: {maker}\nmodel name\t: Some CPU\nflags\t\t: fpu {flags} sse\n")
    monkeypatch.setattr(device, "CPUINFO", info)
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
    chosen = device.choose()
    assert chosen.bf16 == bf16 and chosen.name.startswith("Some CPU, ")


def test_an_unknown_processor_multiplies_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "CPUINFO", tmp_path / "absent")
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
    chosen = device.choose()
    assert not chosen.bf16 and chosen.name.startswith("processor, ")


FAULTS = """
import resource, torch
from mtdnet import device
device.keep_memory()
before = 0
for step in range(20):  # the heap grows in the first ones
    torch.ones(10_000_000)  # 9,766 pages
    now = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    taken, before = now - before, now
print(taken)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone takes the options")
def test_kept_memory_is_used_again_without_a_fault() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True
    )
    assert int(ended.stdout) < 100
