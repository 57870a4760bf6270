"""The best device present, and the number format that it multiplies in hardware."""

import os
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Device:
    """A place to compute: ``torch`` device, ``bf16`` or float32 products, its ``name``."""

    torch: torch.device
    bf16: bool
    name: str

    def autocast(self) -> AbstractContextManager[None]:
        """Return a context in which convolutions and matrix products run in bf16, if it pays."""
        return torch.autocast(self.torch.type, torch.bfloat16, enabled=self.bf16)


def choose() -> Device:
    """Return CUDA when there, else the processor; bf16 where the hardware has it.

    The environment variable ``MTDNET_DEVICE=cpu`` asks for the processor all the same.
    """
    if torch.cuda.is_available() and os.environ.get("MTDNET_DEVICE") != "cpu":
        name = torch.cuda.get_device_name()
        return Device(
            torch.device("cuda"), torch.cuda.is_bf16_supported(including_emulation=False), name
        )
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    bf16 = re.search(r"\b(avx512_bf16|amx_bf16)\b", text) is not None
    name = f"{model[1] if model else 'processor'}, {torch.get_num_threads()} threads"
    return Device(torch.device("cpu"), bf16, name)
