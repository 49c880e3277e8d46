import csv

import pytest
from news_files import read, written

from asn_nlp.articles import Article
from asn_nlp.errors import ConfigError
from asn_nlp.formats import Problem, read_articles, scan, write_articles
from asn_nlp.formats import rows as rows_module


def test_csv_with_quotes_line_breaks_and_long_fields(tmp_path):
    path = tmp_path / "berita.csv"
    long = 'Apel, "pagi"\r\ndi Palu\n' * 10_000
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(
            [("judul", "text", "id"), ("A", long, "x"), ("", "=SUM(1)", ""), (), ("B", "dua", "y")]
        )
    articles, rejects = read(path)
    assert not rejects
    assert [(a.id, a.text, a.meta) for a in articles] == [
        ("x", long, {"judul": "A"}),
        ("berita:20003", "=SUM(1)", {"judul": ""}),
        ("y", "dua", {"judul": "B"}),
    ]


def test_bad_csv_rows_are_rejected_and_reading_goes_on(tmp_path):
    path = tmp_path / "berita.csv"
    content = b'id,text\n1,satu,lebih\n2\n3,caf\xe9\n4,"em"pat\n5,lima\n6,\n7,"tujuh\ndan\n'
    articles, rejects = read(written(path, content))
    assert [article.text for article in articles] == ["lima"]
    assert [(reject.line, reject.messages[0].split(";")[0]) for reject in rejects] == [
        (2, "a record must have the 2 fields of the header, found 3"),
        (3, "a record must have the 2 fields of the header, found 1"),
        (4, "text must be UTF-8, but byte 5 of the record is 0xe9"),
        (
            5,
            "a quoted field must end with a quote and double those inside, but: ',' expected "
            "after '\"'",
        ),
        (7, "'text' must hold the article, but is empty"),
        (
            8,
            "a quoted field must end with a quote and double those inside, but: unexpected end "
            "of data",
        ),
        (9, "a record must have the 2 fields of the header, found 1"),
    ]
    assert rejects[2].raw == "3,caf\\xe9"


def test_an_unclosed_quote_costs_its_own_line_alone(tmp_path):
    rows = [f'{n},"teks {n}, baik"' for n in range(2, 501)]
    rows[1] = '3,"teks yang tak ditutup'
    path = written(tmp_path / "berita.csv", "\n".join(["id,text", *rows]))
    articles, [reject] = read(path)
    assert [article.id for article in articles] == [str(n) for n in range(2, 501) if n != 3]
    assert (reject.line, reject.raw) == (3, rows[1])
    assert str(reject) == (
        f"{path}:3: a quoted field must end with a quote and double those inside, but: ',' "
        "expected after '\"'; correct the quotes; the record covers lines 3 to 4, and those behind "
        "the first are read again one by one"
    )


def test_an_unclosed_quote_before_plain_rows_says_how_far_it_went(tmp_path):
    content = 'id,text\n1,"buka\n' + "".join(f"{n},teks {n}\n" for n in range(2, 1_001))
    articles, [reject] = read(written(tmp_path / "berita.csv", content))
    assert [article.id for article in articles] == [str(n) for n in range(2, 1_001)]
    assert reject.messages[0].endswith(
        "but: unexpected end of data; correct the quotes; the record covers lines 2 to 1001, and "
        "those behind the first are read again one by one"
    )


def test_csv_of_nothing_but_quotes_is_read_in_no_time(tmp_path):
    content = "id,text\n" + 'x","y\n' * 20_000
    articles, rejects = read(written(tmp_path / "berita.csv", content))
    assert len(articles) + len(rejects) == 20_000


@pytest.mark.parametrize("quoted", ["", '"'])
def test_csv_rows_without_end_are_refused_and_the_rest_is_read(tmp_path, monkeypatch, quoted):
    monkeypatch.setattr(rows_module, "LONGEST_RECORD", 2_000)
    content = f"id,text\n1,{quoted}{'a' * 9_999}{quoted}\n2,dua\n"
    [article], [reject] = read(written(tmp_path / "berita.csv", content))
    assert article == Article("2", "dua")
    assert "a record must hold at most 2,000 bytes, but is longer; divide" in str(reject)
    assert len(reject.raw) == 1_000


@pytest.mark.parametrize("header", ["judul;isi", "teks", "text,text", "text,a,a"])
def test_csv_without_usable_header_is_rejected_as_a_whole(tmp_path, header):
    path = written(tmp_path / "berita.csv", f"{header}\nsatu,dua\n")
    articles, [reject] = read(path)
    assert not articles
    assert reject.line is None
    assert "the header must name each column once, one of them 'text', with commas" in str(reject)
    assert repr(header.split(",")) in str(reject)


def test_plain_text_and_csv_are_formats_too(tmp_path):
    article = Article("apel", "Apel\r\n pagi ")
    write_articles([article], tmp_path / "apel.txt")
    assert read_articles(tmp_path / "apel.txt") == [article]
    path = written(tmp_path / "b.csv", "text,id\nsatu,1\ndua,1\n,3\n")
    one, other, problem = scan(path)
    assert (one, other) == (Article("1", "satu"), Article("1#2", "dua"))
    assert isinstance(problem, Problem)
    with pytest.raises(ConfigError, match=r"written must end in .*, found 'c.tsv'"):
        write_articles([article], tmp_path / "c.tsv")
