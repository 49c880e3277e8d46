import errno
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from asn_nlp.errors import ConfigError
from asn_nlp.files import (
    Found,
    claimed,
    fingerprint,
    is_temporary,
    replaced_whole,
    temporary_folder,
    walk,
    written_bytes,
    written_whole,
)


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


def test_bytes_and_files_of_others_are_written_whole_too(tmp_path):
    with written_bytes(tmp_path / "a") as file:
        file.write(b"\0")
    with replaced_whole(tmp_path / "b") as temporary:
        assert is_temporary(temporary)
        temporary.write_bytes(b"\1")
        assert not (tmp_path / "b").exists()
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == [b"\0", b"\1"]


def test_a_folder_is_refused_before_anything_is_written(tmp_path):
    with (
        pytest.raises(IsADirectoryError, match="is a folder; name"),
        written_whole(tmp_path),
    ):
        raise AssertionError


def test_an_error_of_what_is_read_keeps_its_words(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"sumber\.txt"), written_whole(tmp_path / "out"):
        (tmp_path / "sumber.txt").read_text()


def test_threads_that_write_one_path_do_not_mix(tmp_path):
    path = tmp_path / "out.txt"
    start = threading.Barrier(8)

    def write(letter: str) -> None:
        start.wait()
        for _ in range(20):
            with written_whole(path) as file:
                for _ in range(50):
                    file.write(letter * 1_000)
                    file.flush()

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = path.read_text()
    assert (len(content), len(set(content))) == (50_000, 1)
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_removed_and_no_more(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from asn_nlp.files import written_whole\n"
        "with written_whole(Path(sys.argv[1])) as file:\n    file.write('x'); os._exit(9)"
    )
    path, other = tmp_path / "out.txt", tmp_path / "out.txt.gz"
    for one in (path, other):
        subprocess.run([sys.executable, "-c", program, str(one)], check=False)
    stale, foreign = sorted(tmp_path.iterdir(), key=lambda one: len(one.name))
    with written_whole(path):
        assert stale.exists()  # it may be so young that its writer has no lock yet
    for left in (stale, foreign):
        os.utime(left, (0, 0))
    with written_whole(path) as file:
        (held,) = set(tmp_path.iterdir()) - {foreign, path}
        os.utime(held, (0, 0))
        with written_whole(path):
            assert held.exists()  # another's that is still being written
        file.write("baru")
    assert set(tmp_path.iterdir()) == {path, foreign}
    assert path.read_text() == "baru"


def test_a_folder_that_a_killed_process_left_is_removed_and_no_more(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from asn_nlp.files import temporary_folder\n"
        "with temporary_folder(Path(sys.argv[1]), 'run') as folder:\n"
        "    (folder / 'a').mkdir(); (folder / 'a' / 'b').write_text('x'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    with temporary_folder(tmp_path, "run") as young:
        assert left.exists()
        assert is_temporary(young)
    os.utime(left, (0, 0))
    with temporary_folder(tmp_path, "run") as held:
        assert list(tmp_path.iterdir()) == [held]
        os.utime(held, (0, 0))
        with temporary_folder(tmp_path, "run"), temporary_folder(tmp_path, "graph"):
            assert held.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_claim_of_a_killed_process_ends_with_it(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from asn_nlp.files import claimed\n"
        "with claimed(Path(sys.argv[1])):\n    print('claimed', flush=True); sys.stdin.read()"
    )
    path = tmp_path / "runs" / "one"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "claimed\n"
        with pytest.raises(ConfigError) as caught, claimed(path):
            raise AssertionError
        assert str(caught.value) == (
            f"{path} is being written by another process; wait for its end, or name another output"
        )
        with claimed(path.with_name("other")):
            pass
        process.kill()
    with claimed(path), pytest.raises(FileNotFoundError, match="sumber"):
        (tmp_path / "sumber").read_text()  # what the work itself raises is passed on
    assert list(path.parent.iterdir()) == []


def test_names_of_any_length_and_letters_are_written(tmp_path):
    for name in ("a" * 255, "é" * 127, "😀" * 63, "[*]?"):
        with written_whole(tmp_path / name) as file:
            file.write(name)
        assert (tmp_path / name).read_text(encoding="utf-8") == name


def test_a_walk_is_in_order_of_name_at_any_depth(tmp_path):
    deep = tmp_path / Path(*"a" * 400)
    deep.mkdir(parents=True)
    for path in (deep / "x", tmp_path / "b", tmp_path / "A"):
        path.touch()
    assert list(walk(tmp_path)) == [Found(tmp_path / "A"), Found(deep / "x"), Found(tmp_path / "b")]
    assert list(walk(tmp_path / "b")) == [Found(tmp_path / "b")]


def test_fingerprint_of_a_large_file_is_that_of_its_bytes(tmp_path):
    content = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(content)
    assert fingerprint(tmp_path / "a") == hashlib.sha256(content).hexdigest()[:16]


def test_fingerprint_tells_contents_and_order_apart(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("satu")
    other.write_text("dua")
    assert len(fingerprint(one)) == 16
    assert len({fingerprint(one), fingerprint(other), fingerprint(one, other)}) == 3
    assert fingerprint(one, other) != fingerprint(other, one)
    other.write_text("satu")
    assert fingerprint(one) == fingerprint(other)
