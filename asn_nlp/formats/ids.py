"""Which ids have been met, so that each article of an archive has one of its own."""

from hashlib import blake2b

import numpy as np

_RECENT = 2**15  # digests that are kept as Python numbers, at ten times the memory


class MetIds:
    """Gives every id a form that was not met before.

    An id takes eight bytes here, a digest of it: among ten million, the chance that two are taken
    for one is 3 in a million, and then one of them bears a number without need.
    """

    def __init__(self) -> None:
        self._settled = np.zeros(0, dtype=np.uint64)  # sorted
        self._recent: set[int] = set()
        self._copies: dict[str, int] = {}  # of ids met more than once

    def unique(self, id: str) -> str:
        """``id``, or where it was met ``id#2``, ``id#3`` and so on."""
        if self._add(id):
            return id
        number = self._copies.get(id, 1) + 1
        while not self._add(f"{id}#{number}"):
            number += 1
        self._copies[id] = number
        return f"{id}#{number}"

    def _add(self, id: str) -> bool:
        """Whether ``id`` is new; it is not from now on."""
        digest = int.from_bytes(blake2b(id.encode(), digest_size=8).digest())
        if digest in self._recent:
            return False
        place = int(np.searchsorted(self._settled, np.uint64(digest)))
        if place < len(self._settled) and int(self._settled[place]) == digest:
            return False
        self._recent.add(digest)
        if len(self._recent) == _RECENT:
            recent = np.fromiter(self._recent, np.uint64, _RECENT)
            # Stable, because that sort is fast where most is in order.
            self._settled = np.sort(np.concatenate([self._settled, np.sort(recent)]), kind="stable")
            self._recent.clear()
        return True
