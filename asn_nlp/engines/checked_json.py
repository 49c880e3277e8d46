"""JSON of a run folder, each value checked as it is taken out."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asn_nlp.errors import RunError

_LARGEST_COUNT = 10_000_000  # of tokens or dimensions; no encoder comes near it


@dataclass(frozen=True, slots=True)
class Table:
    """A JSON object whose values are checked as they are taken out, and where it stands."""

    where: str
    values: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Table":
        values = read_json(path)
        if not isinstance(values, dict):
            raise RunError(f"{path} must hold a JSON object; copy the folder again")
        return cls(str(path), values)

    def wrong(self, name: str, rule: str) -> RunError:
        met = f"found {self.values[name]!r:.80}" if name in self.values else "it is missing"
        return RunError(
            f"{self.where}: {name!r} must be {rule}, but {met}; copy the folder again, or train "
            "anew"
        )

    def table(self, name: str) -> "Table":
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return Table(f"{self.where}: {name}", value)

    def whole(self, name: str, *, least: int = 0, below: int = _LARGEST_COUNT) -> int:
        value = self.values.get(name)
        if type(value) is not int:
            raise self.wrong(name, "a whole number")
        if not least <= value < below:
            raise self.wrong(name, f"{least:,} or more and below {below:,}")
        return value

    def number(
        self,
        name: str,
        *,
        default: float | None = None,
        least: float = -math.inf,
        most: float = math.inf,
    ) -> float:
        value = self.values.get(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or not least <= value <= most
        ):
            bounds = "" if (least, most) == (-math.inf, math.inf) else f" in [{least:g}, {most:g}]"
            raise self.wrong(name, f"a finite number{bounds}")
        return float(value)

    def texts(self) -> dict[str, str]:
        for name, value in self.values.items():
            if not isinstance(value, str):
                raise self.wrong(name, "a text")
        return dict(self.values)


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path} cannot be read as JSON ({error}); copy the folder again, or train anew"
        ) from error
