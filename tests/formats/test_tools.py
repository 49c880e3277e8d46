"""Files as doccano, Prodigy, brat, CoNLL, spaCy and INCEpTION write them."""

import json
from pathlib import Path

import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError, MissingExtra
from asn_nlp.formats import (
    Problem,
    choose,
    read_articles,
    scan,
    scan_placed,
    write_articles,
)

TEXT = "😀 Bupati Sigi hadir.\nHujan."
TITLE = EntitySpan(2, 8, "TITLE")
PASSAGE = ThemeSpan(2, 20, "KARIER")
GOOD = Article("a", TEXT, (TITLE,), (PASSAGE,))


def lines(path: Path, *records: object) -> Path:
    path.write_text("\n".join(map(json.dumps, records)), "utf-8")
    return path


def problems(path: Path, format: str | None = None) -> list[str]:
    found = scan(path, format)
    return [
        line.replace(str(path), "FILE")
        for one in found
        if isinstance(one, Problem)
        for line in one.lines
    ]


def test_doccano_in_its_three_shapes(tmp_path):
    spans = {"id": 1, "text": TEXT, "label": [[3, 9, "TITLE"], [3, 21, "KARIER"]], "Comments": []}
    entities = [{"id": 7, "label": "TITLE", "start_offset": 3, "end_offset": 9}]
    relation = {"id": 2, "text": TEXT, "entities": entities, "relations": [], "url": "u"}
    topic = {"id": 3, "text": TEXT, "label": ["KARIER", "LAIN"], "comments": ["yakin?"]}
    path = lines(tmp_path / "all.jsonl", spans, relation, topic)
    assert choose(path).name == "doccano"
    topics = tuple(ThemeSpan(0, len(TEXT), name) for name in ("KARIER", "LAIN"))
    assert read_articles(path) == [
        Article("1", TEXT, (TITLE,), (PASSAGE,)),
        Article("2", TEXT, (TITLE,), (), {"url": "u"}),
        Article("3", TEXT, (), topics, {"comments": ["yakin?"]}),
    ]


def test_doccano_names_what_is_wrong_and_goes_on(tmp_path):
    path = lines(
        tmp_path / "bad.jsonl",
        {"id": 1, "text": TEXT, "label": [[1, 9, "TITLE"]]},
        {"id": 2, "text": TEXT, "label": [[1, 9]]},
        {"id": 3, "label": []},
        {"id": 4, "text": TEXT, "label": []},
    )
    assert problems(path, "doccano") == [
        "FILE:1: offsets must count UTF-16 units, but 1:9 begins or ends inside a character above "
        "U+FFFF, such as an emoji; correct them",
        "FILE:2: label[0] must be [start, end, name] or a name, found [1, 9]; correct it",
        "FILE:3: a line must be an object with a 'text', found {'id': 3, 'label': []}; export as "
        "JSONL",
    ]
    assert sum(isinstance(one, Article) for one in scan(path, "doccano")) == 1


def test_prodigy_takes_what_was_accepted(tmp_path):
    span = {"start": 2, "end": 8, "label": "TITLE", "token_start": 1, "score": 0.5}
    task = {"text": TEXT, "spans": [span], "answer": "accept", "_task_hash": 7, "url": "u"}
    path = lines(
        tmp_path / "out.jsonl",
        task,
        {"text": "Apel.", "accept": ["DISIPLIN"], "options": [], "answer": "accept", "id": "b"},
        task | {"answer": "reject"},
        task | {"spans": [{"start": 2}]},
    )
    found = list(scan(path))
    assert found[:2] == [
        Article("7", TEXT, (EntitySpan(2, 8, "TITLE", 0.5),), (), {"url": "u"}),
        Article("b", "Apel.", (), (ThemeSpan(0, 5, "DISIPLIN"),)),
    ]
    rejected, broken = problems(path)
    assert rejected == "FILE:3: 'answer' must be 'accept', found 'reject'; leave the task out"
    assert broken.startswith("FILE:4: spans[0] must be an object with start, end and label")


def brat(tmp_path: Path, annotations: str, text: str = TEXT) -> Path:
    (tmp_path / "a.txt").write_text(text, "utf-8", newline="")
    (tmp_path / "a.ann").write_text(annotations, "utf-8", newline="")
    return tmp_path


def test_brat_joins_pieces_at_line_breaks_and_passes_over_the_rest(tmp_path):
    folder = brat(
        tmp_path,
        "T1\tTITLE 2 8\tBupati\nT2\tAGENCY 14 19;20 25\thadir Hujan\nR1\tHolds Arg1:T1 Arg2:T2\n"
        "#1\tAnnotatorNotes T1\tyakin?\n*\tEquiv T1 T2\n",
        "😀 Bupati Sigi hadir\nHujan.",
    )
    (article,) = read_articles(folder)
    assert [article.surface(span) for span in article.entities] == ["Bupati", "hadir\nHujan"]
    assert read_articles(folder / "a.ann") == [article]


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        (
            "T1\tTITLE 2 8;14 19\tBupati hadir",
            "line 1: TITLE is on 2 pieces with words between them, ' Sigi ' the first, but a span",
        ),
        ("T1 TITLE 2 8", "line 1: a mark must read 'T1, tab, NAME START END, tab, words', found"),
        ("T1\tTITLE 2 8\tCamat", "offsets must point at the words they mark, but 2:8 is 'Bupati'"),
    ],
)
def test_brat_names_what_is_wrong(tmp_path, annotations, words):
    (told,) = problems(brat(tmp_path, annotations))
    assert words in told


def test_brat_writes_a_folder_of_its_own(tmp_path):
    article = Article(
        "x/y", "Bupati\r\nSigi hadir", (EntitySpan(0, 12, "TITLE"),), (ThemeSpan(2, 18, "KARIER"),)
    )
    write_articles([article], tmp_path / "out", "brat")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"x%2Fy.txt", "x%2Fy.ann"}
    assert (tmp_path / "out" / "x%2Fy.ann").read_text("utf-8") == (
        "T1\tTITLE 0 6;8 12\tBupati Sigi\nT2\tKARIER 2 6;8 18\tpati Sigi hadir\n"
    )
    with pytest.raises(AnnotationError, match="must be an empty folder or a new one"):
        write_articles([article], tmp_path / "out", "brat")
    with pytest.raises(AnnotationError, match="another has the file name 'A' too; rename one"):
        write_articles([Article("a", "x"), Article("A", "x")], tmp_path / "more", "brat")


CONLL = """-DOCSTART- -X- O

Bupati NN I-TITLE
Sigi NN B-TITLE
hadir VB O

Rina NN B-OFFICIAL
Sari NN I-OFFICIAL
"""


def test_conll_of_both_schemes_is_rebuilt_with_spaces(tmp_path):
    path = tmp_path / "x.conll"
    path.write_text(CONLL, "utf-8")
    assert read_articles(path) == [
        Article(
            "x:1",
            "Bupati Sigi hadir\nRina Sari",
            (
                EntitySpan(0, 6, "TITLE"),
                EntitySpan(7, 11, "TITLE"),
                EntitySpan(18, 27, "OFFICIAL"),
            ),
            meta={"rebuilt": "from tokens, with spaces between them"},
        )
    ]
    path.write_text("# sent 1\nBupati\tB-TITLE\r\nSigi\tE-TITLE\r\n\r\nHujan\tO\r\n", "utf-8")
    first, second = read_articles(path)
    assert (first.entities, second.text) == ((EntitySpan(0, 11, "TITLE"),), "Hujan")


def test_conll_takes_new_tags_beside_its_sidecar_but_no_new_tokens(tmp_path):
    path = tmp_path / "x.conll"
    write_articles([GOOD], path)
    assert path.read_text("utf-8") == (
        "-DOCSTART-\tO\n\n😀\tO\nBupati\tB-TITLE\nSigi\tO\nhadir\tO\n.\tO\n\nHujan\tO\n.\tO\n\n"
    )
    edited = path.read_text("utf-8").replace("Sigi\tO", "Sigi\tI-TITLE")
    path.write_text(edited, "utf-8")
    (article,) = read_articles(path)
    assert (article.text, article.themes) == (TEXT, (PASSAGE,))
    assert [article.surface(span) for span in article.entities] == ["Bupati Sigi"]
    path.write_text(edited.replace("hadir", "datang"), "utf-8")
    assert problems(path) == [
        "FILE:1: article 'a': its tokens are not those of x.conll.jsonl:1; give them back, or "
        "remove x.conll.jsonl to have the text rebuilt"
    ]
    path.write_text(edited + edited, "utf-8")
    (told,) = problems(path)
    assert "x.conll and x.conll.jsonl must hold the same articles, but x.conll has 2 and" in told


def test_conll_names_a_bad_line(tmp_path):
    path = tmp_path / "x.conll"
    path.write_text("Bupati B-TITLE\nSigi\n\nHujan O\n", "utf-8")
    assert problems(path) == [
        "FILE:1: line 2 must read TOKEN … TAG in two to four columns, the tag O, B-NAME or I-NAME, "
        "found 'Sigi'; correct it"
    ]
    assert sum(isinstance(one, Article) for one in scan(path)) == 1


def test_a_table_may_be_sorted_and_is_checked(tmp_path):
    path = tmp_path / "x.csv"
    entity = EntitySpan(2, 8, "TITLE", 0.5)
    write_articles([Article("=1", TEXT, (entity,), (PASSAGE,), {"m": 1})], path)
    head, *rows = path.read_bytes().decode("utf-8-sig").replace("0.5", "0,5").splitlines(True)
    assert rows[0].startswith('"\'=1"')
    rows = "".join(rows).split("\r\n")[:-1]
    excel = "\r\n".join([head.strip(), *reversed(rows)]).replace('","', '";"')
    path.write_text(excel, "utf-8", newline="")
    assert choose(path).name == "table"
    assert read_articles(path) == [Article("=1", TEXT, (entity,), (PASSAGE,), {"m": 1})]
    path.write_text(
        'article,kind,label,start,end,text,score,meta\na,article,,,,"Bupati hadir",,\n'
        "a,entity,TITLE,0,6,Camat,,\na,entity,TITLE,x,6,,,\nb,theme,K,0,1,,,\na,mark,,,,,,\n",
        "utf-8",
    )
    assert problems(path) == [
        "FILE:6: 'kind' must be article, entity or theme, found 'mark'; correct it",
        "FILE:5: the article 'b' has no row of kind article with its text; add it",
        "FILE:2: line 3: a span must be on the words it has as text, but these are 'Camat' and 0:6 "
        "is 'Bupati'; correct the offsets or the text",
        "FILE:2: line 4: a span must have whole numbers as start and end, a label, and perhaps a "
        "score from 0 to 1; correct it",
    ]


def test_a_spreadsheet_runs_nothing(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    path = tmp_path / "x.xlsx"
    write_articles([Article("a", "=1+1", (EntitySpan(0, 2, "TITLE"),))], path)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [(row[5].value, row[5].data_type) for row in sheet.iter_rows(min_row=2)] == [
        ("=1+1", "s"),
        ("=1", "s"),
    ]
    with pytest.raises(AnnotationError, match="40,000 characters of text in a cell, but 32,767 at"):
        write_articles([Article("a", "a" * 40_000)], path)
    path.write_bytes(b"PK")
    assert "the file must be a spreadsheet, but: " in problems(path)[0]


def test_spacy_docs_of_others_are_read(tmp_path):
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import DocBin

    doc = spacy.blank("id")(TEXT)
    doc.ents = [doc.char_span(2, 8, "TITLE")]
    doc.cats = {"KARIER": 1.0, "KINERJA": 0.0}
    (tmp_path / "x.spacy").write_bytes(DocBin(docs=[doc], store_user_data=True).to_bytes())
    assert read_articles(tmp_path / "x.spacy") == [
        Article("x:1", TEXT, (TITLE,), (ThemeSpan(0, len(TEXT), "KARIER"),))
    ]
    (tmp_path / "x.spacy").write_bytes(b"no")
    assert "the file must be a DocBin of spaCy, but: " in problems(tmp_path / "x.spacy")[0]


def test_uima_offsets_are_those_of_java(tmp_path):
    pytest.importorskip("cassis")
    write_articles([GOOD], tmp_path / "out", "uima")
    xmi = (tmp_path / "out" / "a.xmi").read_text("utf-8")
    assert 'begin="3" end="9" value="TITLE"' in xmi
    assert read_articles(tmp_path / "out") == [GOOD]
    (tmp_path / "out" / "TypeSystem.xml").unlink()
    assert "TypeSystem.xml must stand beside it" in problems(tmp_path / "out")[0]


@pytest.mark.parametrize(
    ("name", "article", "words"),
    [
        (
            "doccano",
            Article("a", "Sigi", (EntitySpan(0, 4, "K", 0.5),)),
            "cannot hold its 1 scores",
        ),
        ("doccano", Article("a", "Sigi", (EntitySpan(0, 4, "KARIER"),)), "as a label of the other"),
        ("brat", Article("a", "Sigi", meta={"x": 1}), "brat cannot hold its 1 fields of meta"),
        ("brat", Article("a", "Sigi", (EntitySpan(0, 4, "a b"),)), "brat cannot hold the label"),
        ("conll", Article("a", " Sigi", (EntitySpan(0, 5, "K"),)), "begins or ends with white"),
        ("uima", Article("a", "Sigi\x07"), "UIMA CAS cannot hold U+0007 in its text, as XML"),
        ("xlsx", Article("a", "a_x000D_b"), "a spreadsheet cannot hold '_x000D_', which it reads"),
    ],
)
def test_what_is_lost_is_named_and_refused_unless_asked(tmp_path, name, article, words):
    with pytest.raises(AnnotationError) as caught:
        write_articles([article], tmp_path / "out", name)
    assert words in str(caught.value)
    assert not (tmp_path / "out").exists()
    write_articles([article], tmp_path / "out", name, lossy=True)
    assert [one.id for one in scan(tmp_path / "out", name) if isinstance(one, Article)] == ["a"]


@pytest.mark.parametrize(
    ("ending", "package", "extra"),
    [("xlsx", "openpyxl", "xlsx"), ("spacy", "spacy", "spacy"), ("xmi", "cassis", "inception")],
)
def test_a_missing_package_names_its_extra(tmp_path, monkeypatch, ending, package, extra):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    from asn_nlp.formats import spacy_docs

    spacy_docs._indonesian.cache_clear()
    with pytest.raises(MissingExtra, match=rf'needs {package}.*pip install "asn-nlp\[{extra}\]"'):
        list(scan(tmp_path / f"a.{ending}"))


def test_doccano_relations_stand_beside_their_article(tmp_path):
    record = {
        "id": 7,
        "text": "😀 Bupati Rini",
        "entities": [
            {"id": 1, "label": "TITLE", "start_offset": 3, "end_offset": 9},
            {"id": 2, "label": "OFFICIAL", "start_offset": 10, "end_offset": 14},
        ],
        "relations": [
            {"id": 5, "from_id": 2, "to_id": 1, "type": "holds"},
            {"id": 6, "from_id": 2, "to_id": 9, "type": "lost"},
        ],
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(record), "utf-8")
    (placed,) = scan_placed(tmp_path / "a.jsonl")
    (relation,) = placed.relations
    surfaces = [placed.article.surface(span) for span in relation[:2]]
    assert (*surfaces, relation.name) == ("Rini", "Bupati", "holds")


@pytest.mark.parametrize("name", ["brat", "uima"])
def test_a_folder_is_written_whole_or_not_at_all(tmp_path, monkeypatch, name):
    pytest.importorskip({"uima": "cassis"}.get(name, "json"))
    write_bytes, written = Path.write_bytes, []

    def full(path, data):
        written.append(path)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    articles = [Article(f"a{n}", "Apel pagi.") for n in range(3)]
    with pytest.raises(OSError, match="No space left"):
        write_articles(articles, tmp_path / "out", name)
    assert list(tmp_path.iterdir()) == []
    write_articles(articles, tmp_path / "out", name)
    assert read_articles(tmp_path / "out", name) == articles
