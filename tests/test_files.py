import errno
import os

import pytest

from asn_nlp.files import fingerprint, written_whole


def test_file_takes_its_name_only_when_whole(tmp_path):
    path = tmp_path / "deep" / "out.txt"
    with written_whole(path) as file:
        file.write("satu\ndua\n")
        assert not path.exists()
    assert path.read_bytes() == b"satu\ndua\n"
    assert list(path.parent.iterdir()) == [path]


def test_old_file_survives_an_error_of_the_caller(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("lama")

    def write_half() -> None:
        with written_whole(path) as file:
            file.write("baru")
            raise KeyError("berhenti")

    with pytest.raises(KeyError):
        write_half()
    assert path.read_text() == "lama"
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_leaves_the_old_file_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "out.txt"
    path.write_text("lama")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="could not write") as caught, written_whole(path) as file:
        file.write("baru")
    assert caught.value.errno == errno.ENOSPC
    assert f"could not write {path} (No space left on device); the old file is untouched" in str(
        caught.value
    )
    assert path.read_text() == "lama"
    assert list(tmp_path.iterdir()) == [path]


def test_fingerprint_tells_contents_and_order_apart(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("satu")
    other.write_text("dua")
    assert len(fingerprint(one)) == 16
    assert len({fingerprint(one), fingerprint(other), fingerprint(one, other)}) == 3
    assert fingerprint(one, other) != fingerprint(other, one)
    other.write_text("satu")
    assert fingerprint(one) == fingerprint(other)
