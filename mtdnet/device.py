"""The best device present, its number format, and what torch compiles for it."""

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mtdnet.errors import InputError, reason

CPUINFO = Path("/proc/cpuinfo")
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4  # of mallopt(3)


@dataclass(frozen=True)
class Device:
    """A place to compute: ``torch`` device, ``bf16`` or float32 products, its ``name``."""

    torch: torch.device
    bf16: bool
    name: str

    def autocast(self) -> AbstractContextManager[None]:
        """Return a context in which convolutions and matrix products run in bf16, if it pays."""
        return torch.autocast(self.torch.type, torch.bfloat16, enabled=self.bf16)

    def resident(self, pixels: Tensor) -> Tensor:
        """Bring packed images to a GPU where they fit into half of its free memory."""
        if self.torch.type == "cpu" or pixels.nbytes > torch.cuda.mem_get_info(self.torch)[0] // 2:
            return pixels
        return pixels.to(self.torch)


def choose() -> Device:
    """Return CUDA when there, else the processor; bf16 where it is the faster format.

    On processors that is AMX's, and AMD's of AVX-512; Intel's of AVX-512, which a virtual machine
    without AMX is left with, is slower than float32. The environment variable
    ``MTDNET_DEVICE=cpu`` asks for the processor all the same; of several GPUs each process of
    torchrun gets its own (``LOCAL_RANK``).
    """
    if torch.cuda.is_available() and os.environ.get("MTDNET_DEVICE") != "cpu":
        number, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if number >= count:
            raise InputError(
                f"no GPU for process {number}: {count} here; "
                "start as many processes, or set MTDNET_DEVICE=cpu"
            )
        place = torch.device("cuda", number)
        bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return Device(place, bf16, torch.cuda.get_device_name(place))
    text = CPUINFO.read_text(encoding="utf-8") if CPUINFO.exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = set(text.split())
    bf16 = "amx_bf16" in flags or {"avx512_bf16", "AuthenticAMD"} <= flags
    threads = torch.get_num_threads()
    plural = "" if threads == 1 else "s"
    name = f"{model[1] if model else 'processor'}, {threads} thread{plural}"
    return Device(torch.device("cpu"), bf16, name)


def keep_memory() -> None:
    """Let glibc keep for its process what is freed: a step's fresh pages cost a tenth of it."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):  # musl has none
        for option, value in (MMAP_MAX, 0), (TRIM_THRESHOLD, 2**31 - 1), (TOP_PAD, 2**26):
            libc.mallopt(option, value)


@contextmanager
def compiling(what: str) -> Iterator[None]:
    """Turn a failure of the compiler into InputError, one line that names the remedy."""
    try:
        yield
    except torch._dynamo.exc.BackendCompilerFailed as problem:
        raise InputError(
            f"`compile`: {what} can't be compiled ({reason(problem)}); "
            "install a C++ compiler (g++, or name it in CXX), or set `compile: false`"
        ) from None


@contextmanager
def fitting(what: str) -> Iterator[None]:
    """Turn a GPU out of memory into InputError, one line that names the remedy."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise InputError(
            f"{what} doesn't fit into the GPU's free memory; end what else uses the GPU, "
            "or lower `triplets` for a training; the same command continues"
        ) from None
