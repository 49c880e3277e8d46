"""The processor that figures were measured on."""

import platform
import re
from pathlib import Path

from asn_nlp.engines.onnx import cores

# What decides between float32, bf16 and int8.
_TOLD = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimddp", "bf16")


def processor() -> str:
    """Its name, its cores and what it multiplies with, where the system says so."""
    told = Path("/proc/cpuinfo")
    content = told.read_text(encoding="utf-8", errors="replace") if told.exists() else ""
    name = re.search(r"^model name\s*:\s*(.+)$", content, re.M)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", content, re.M)
    have = [flag for flag in _TOLD if flags and flag in flags[1].split()]
    return ", ".join(
        [
            name[1] if name else platform.processor() or platform.machine(),
            f"{cores()} cores" if cores() > 1 else "one core",
            *([" ".join(have)] if have else []),
        ]
    )
