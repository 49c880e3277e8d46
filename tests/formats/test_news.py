import json
import os
import re
import stat
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from news_files import read, written
from pyarrow import parquet

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.errors import AnnotationError, ConfigError
from asn_nlp.formats import read_news, write_articles


def test_text_file_keeps_every_character(tmp_path):
    text = "Apel pagi\r\n\tdi Palu \u200b😀 "
    articles, rejects = read(written(tmp_path / "apel.txt", "\ufeff" + text))
    assert articles == [Article("apel", text)]
    assert not rejects


def test_folder_is_read_in_order_of_name_with_all_below(tmp_path):
    (tmp_path / "b").mkdir()
    written(tmp_path / "c.txt", "tiga")
    written(tmp_path / "b" / "z.TXT", "dua")
    written(tmp_path / "a.txt", "satu")
    written(tmp_path / "b" / "foto.jpg", b"\xff\xd8")
    articles, rejects = read(tmp_path)
    assert [article.text for article in articles] == ["satu", "dua", "tiga"]
    assert [str(reject) for reject in rejects] == [
        f"{tmp_path / 'b' / 'foto.jpg'}: the file's ending must be one of .txt, .json, "
        ".jsonl, .parquet, .csv, .tsv, found '.jpg'; convert it"
    ]


def test_missing_path_stops_before_anything_is_read(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nama\.txt does not exist; name a file or folder"):
        read_news([tmp_path / "nama.txt"])


def test_jsonl_keeps_other_fields_in_meta(tmp_path):
    lines = [
        {"text": "Satu", "id": "x1", "url": "u", "meta": {"outlet": "Harian"}},
        {"text": "Dua", "id": 7, "url": "u", "meta": {"url": "lain"}},
        {"text": "Tiga", "meta": "catatan", "tags": [1, None]},
    ]
    articles, _ = read(written(tmp_path / "b.jsonl", "\n\n".join(map(json.dumps, lines))))
    assert articles == [
        Article("x1", "Satu", meta={"outlet": "Harian", "url": "u"}),
        Article("7", "Dua", meta={"url": "u", "meta": {"url": "lain"}}),
        Article("b:5", "Tiga", meta={"meta": "catatan", "tags": [1, None]}),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"text": "rusak"', r"a line must be one JSON object, but .* repair the line"),
        (b"[" * 100_000, r"lists and objects must stand at most 100 deep inside each other"),
        (b"[" * 1_000 + b"]" * 1_000, r"lists and objects must stand at most 100 deep inside"),
        (b'{"text": "a", "n": ' + b"1" * 4_301 + b"}", r"a whole number of more than 4,300 digits"),
        (
            b'{"text": "a", "n": NaN}',
            r"a number must be finite, as JSON has it, found NaN;",
        ),
        (b'{"text": "a", "n": 1, "n": 2}', r"a key must stand once in an object, but 'n' is repea"),
        (b'{"text": "a", "m": {"n": 1, "n": 2}}', r"but 'n' is repeated; keep one"),
        (b'"teks"', r"a record must be an object with a 'text', found str; repair it"),
        (
            b'{"id": "a"}',
            r"'text' must hold the article, but is missing or null beside 'id'; add",
        ),
        (b"{}", r"missing or null beside no field; add it"),
        (b'{"text": null}', r"missing or null beside 'text'; add it"),
        (b'{"text": 5}', r"'text' must be a string, found int 5; correct it"),
        (b'{"text": " "}', r"'text' must hold the article, but is empty; fill it or remove"),
        (b'{"text": "a", "id": true}', r"'id' must be a string or a whole number, found bool True"),
        (b'{"text": "a", "id": [1]}', r"'id' must be a string or a whole number, found list \[1\]"),
        (
            b'{"text": "a\\ud83d"}',
            r"it has half a surrogate pair, .ud83d; remove it",
        ),
        (b'{"text": "a", "k": {"\\udc00": 1}}', r"it has half a surrogate pair, .udc00; remove it"),
        (b'{"text": "caf\xe9"}', r"text must be UTF-8, but byte 13 of the record is 0xe9; save"),
    ],
)
def test_bad_line_is_rejected_and_reading_goes_on(tmp_path, line, words):
    path = written(tmp_path / "berita.jsonl", line + b'\n{"text": "baik"}\n')
    articles, [reject] = read(path)
    assert articles == [Article("berita:2", "baik")]
    assert (reject.path, reject.line) == (path, 1)
    assert reject.raw == line.decode(errors="backslashreplace")
    assert re.search(words, str(reject))


def test_ids_met_before_get_a_number(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder / "berita.txt", folder)
    lines = '{"text": "1", "id": "berita#2"}\n{"text": "2", "id": "berita"}'
    path = written(tmp_path / "c.jsonl", lines)
    articles, _ = read(tmp_path / "a", path, tmp_path / "b")
    assert [article.id for article in articles] == ["berita", "berita#2", "berita#3", "berita#4"]


@given(st.lists(st.sampled_from(["a", "a#2", "a#2#2", "a#3", "b", "f:1", "f:3", None])))
def test_ids_are_unique_whatever_they_were(tmp_path_factory, ids):
    path = tmp_path_factory.mktemp("ids") / "f.jsonl"
    written(path, "\n".join(json.dumps({"text": "t", "id": one}) for one in [*ids, "z"]))
    articles, rejects = read(path)
    assert not rejects
    assert len({article.id for article in articles}) == len(ids) + 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", "Apel pagi"), ("a.csv", "id,text\n1,Apel"), ("a.jsonl", '{"text": "Apel"}\n')],
)
def test_utf_16_is_named_with_or_without_a_mark(tmp_path, encoding, name, content):
    articles, [reject] = read(written(tmp_path / name, content.encode(encoding)))
    assert not articles
    assert "text must be UTF-8, but the file looks like UTF-" in str(reject)
    assert reject.line is None


def test_nul_is_no_text(tmp_path):
    articles, rejects = read(
        written(tmp_path / "a.txt", b"Apel \0pagi"), written(tmp_path / "b.csv", b"text\na\0b\nok")
    )
    assert [article.text for article in articles] == ["ok"]
    for reject in rejects:
        assert "text must hold no NUL, as UTF-16 would, but character" in str(reject)


def test_unreadable_and_empty_files_are_rejected(tmp_path):
    written(tmp_path / "a.parquet", b"PAR1 bukan")
    written(tmp_path / "b.jsonl", "\n")
    written(tmp_path / "c.csv", "text,id\n")
    written(tmp_path / "d.csv", "")
    written(tmp_path / "e.txt", b"caf\xe9 pagi")
    written(tmp_path / "f.txt", "enam")
    articles, rejects = read(tmp_path)
    assert [article.id for article in articles] == ["f"]
    assert [(reject.path.name, reject.line) for reject in rejects] == [
        (name, None) for name in ("a.parquet", "b.jsonl", "c.csv", "d.csv", "e.txt")
    ]
    assert rejects[0].messages[0].startswith("the file must be readable to its end, but: ")
    for reject in rejects[1:4]:
        assert reject.messages == ("the file holds no article; fill it or leave it out",)
    assert rejects[4].messages == (
        "text must be UTF-8, but byte 3 of the record is 0xe9; save it as UTF-8",
    )


def test_a_text_beyond_the_bound_is_rejected_and_the_rest_is_read(tmp_path):
    parquet.write_table(
        pa.table({"text": ["a" * 150_000_000, "dua", "c" * 10_000_001]}),
        tmp_path / "a.parquet",
        compression="zstd",
    )
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    written(tmp_path / "b.txt", "b" * 10_000_001)
    articles, rejects = read(tmp_path)
    assert [article.text for article in articles] == ["dua"]
    assert [reject.messages[0].split(";")[0] for reject in rejects] == [
        "a row must hold at most 67,108,864 bytes, found 150,000,004",
        "'text' must hold at most 10,000,000 characters, found 10,000,001",
        "'text' must hold at most 10,000,000 characters, found 10,000,001",
    ]


def test_every_reason_is_told(tmp_path):
    _, [reject] = read(written(tmp_path / "a.jsonl", '{"text": " ", "id": [1]}'))
    assert [message.split(",")[0] for message in reject.messages] == [
        "'text' must hold the article",
        "'id' must be a string or a whole number",
    ]


def test_what_a_folder_hides_is_told(tmp_path):
    inside, outside = tmp_path / "berita", tmp_path / "lain"
    inside.mkdir()
    outside.mkdir()
    real = written(outside / "asli.txt", "asli")
    os.mkfifo(inside / "a-pipa.txt")
    (inside / "b-tautan.txt").symlink_to(real)
    (inside / "c-putus.txt").symlink_to(tmp_path / "hilang.txt")
    (inside / "d-putar.txt").symlink_to(inside / "d-putar.txt")
    (inside / "e-folder").symlink_to(inside)
    (inside / "f-kosong").mkdir()
    articles, rejects = read(inside)
    assert [(article.id, article.text) for article in articles] == [("b-tautan", "asli")]
    assert [(reject.path.name, reject.messages[0]) for reject in rejects] == [
        ("a-pipa.txt", "it is neither file nor folder, but a pipe or a device; leave it out"),
        ("c-putus.txt", "the link leads nowhere; mend or remove it"),
        ("d-putar.txt", "the link leads nowhere; mend or remove it"),
        ("e-folder", "links to folders are not followed; name the folder itself"),
    ]


def test_an_empty_folder_is_a_problem(tmp_path):
    (tmp_path / "kosong").mkdir()
    _, [reject] = read(tmp_path)
    assert str(reject) == f"{tmp_path}: the folder holds no file to read; fill it or leave it out"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_what_may_not_be_read_is_told(tmp_path):  # pragma: no cover
    (tmp_path / "tutup").mkdir(mode=0)
    written(tmp_path / "tutup.txt", "x").chmod(0)
    _, rejects = read(tmp_path)
    (tmp_path / "tutup").chmod(stat.S_IRWXU)
    assert ["cannot be read (Permission denied)" in str(reject) for reject in rejects] == [True] * 2


def test_an_unreadable_folder_or_file_is_told(tmp_path, monkeypatch):
    (tmp_path / "tutup").mkdir()
    written(tmp_path / "rusak.txt", "x")
    written(tmp_path / "utuh.txt", "y")
    listed, opened = Path.iterdir, Path.open

    def iterdir(path):
        if path.name == "tutup":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    def open_(path, *mode):
        if path.name == "rusak.txt":
            raise OSError(5, "Input/output error", str(path))
        return opened(path, *mode)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    monkeypatch.setattr(Path, "open", open_)
    articles, rejects = read(tmp_path)
    assert [article.text for article in articles] == ["y"]
    assert [str(reject).removeprefix(f"{tmp_path}/") for reject in rejects] == [
        "rusak.txt: the file cannot be read (Input/output error); check its name",
        "tutup: the folder cannot be read (Permission denied); mend its rights",
    ]


def test_what_is_being_written_is_not_read(tmp_path):
    output = written(tmp_path / "hasil.jsonl", '{"text": "kemarin"}')
    (tmp_path / "tautan.jsonl").symlink_to(output)
    written(tmp_path / ".hasil.jsonl.0123456789abcdef.tmp", "x")
    written(tmp_path / "a.txt", "a")
    records = list(read_news([tmp_path], exclude=[output, tmp_path / "belum.jsonl"]))
    assert records == [Article("a", "a")]
    with pytest.raises(ConfigError, match=r"hasil\.jsonl is both read and written; name"):
        read_news([output], exclude=[output])


def test_progress_counts_bytes_to_the_end(tmp_path):
    written(tmp_path / "a.jsonl", '{"text": "a"}\n' * 5_000)
    written(tmp_path / "b.txt", "dua")
    written(tmp_path / "c.csv", "text\n" + "x\n" * 5_000)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    seen: list[tuple[int, int]] = []
    list(read_news([tmp_path], progress=lambda done, total: seen.append((done, total))))
    assert {total for _, total in seen} == {size}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (size, size)
    assert len({done for done, _ in seen}) > 5


@pytest.mark.parametrize(
    ("article", "words"),
    [
        (
            Article("a", "Sigi", (EntitySpan(0, 4, "PROVINCE"),)),
            "article 'a': plain text cannot hold its 1 entities; write JSON Lines, or remove what",
        ),
        (Article("a", "Sigi", meta={"b": 1}), "cannot hold its 1 fields of meta"),
        (Article("a", "\ufeffSigi"), "cannot hold its byte order mark or NUL, which would not be"),
    ],
)
def test_what_plain_text_cannot_hold_is_named(tmp_path, article, words):
    with pytest.raises(AnnotationError) as caught:
        write_articles([article], tmp_path / "a.txt")
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@given(
    st.sampled_from([".txt", ".jsonl", ".csv", ".parquet", ".doc"]),
    st.lists(
        st.sampled_from([b"text", b"id", b",", b"\0", b'"', b"\n", b"\r", b"{", b"}", b":", b"7"])
    )
    | st.lists(st.binary(max_size=3)),
)
def test_no_bytes_stop_the_reading(tmp_path_factory, ending, pieces):
    folder = tmp_path_factory.mktemp("bytes")
    written(folder / f"a{ending}", b"".join(pieces))
    written(folder / "b.txt", "akhir")
    articles, rejects = read(folder)
    assert articles[-1].text == "akhir"
    assert len(articles) > 1 or rejects
    for article in articles:
        json.dumps([article.id, article.text, article.meta], ensure_ascii=False).encode()
