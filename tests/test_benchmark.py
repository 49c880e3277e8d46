import re
import subprocess
import sys

import pytest
from transformers import BertConfig

from asn_nlp.articles import Article
from asn_nlp.benchmark.crf import open_crf, train_crf
from asn_nlp.benchmark.plot import write_plot
from asn_nlp.benchmark.profile import profile_reading
from asn_nlp.benchmark.race import Race, System, answer_of, race
from asn_nlp.benchmark.random_run import write_random_run
from asn_nlp.benchmark.systems import PIPELINES, PRODUCTS, SPACY, SYSTEMS, Setting, open_system
from asn_nlp.benchmark.tables import print_race, print_training, write_races
from asn_nlp.benchmark.training import Lap, Training, benchmark_training
from asn_nlp.cli import main
from asn_nlp.engines.run_folder import GRAPH, open_run
from asn_nlp.engines.torch import open_classifier
from asn_nlp.errors import ConfigError, RunError
from asn_nlp.evaluation import passage_themes
from asn_nlp.formats import jsonl
from asn_nlp.labels import ASN_LABELS
from asn_nlp.passages import split_passages
from asn_nlp.predictor import Predictor

OURS = f"asn_nlp, {GRAPH}"


@pytest.fixture
def file(tiny_articles, tmp_path):
    path = tmp_path / "articles.jsonl"
    jsonl.write(tiny_articles, path)
    return path


@pytest.fixture
def made_race():
    def system(name, *seconds, **known):
        return System(name, {1: (2.0, *seconds), 2: (1.0, *seconds)}, start=0.5, **known)

    return Race(
        "a model",
        10,
        900,
        (
            system(PIPELINES, 9.0, 9.0, entity_f1=0.9),
            System(SPACY, skipped="spaCy needs <spacy>"),
            system(OURS, 1.0, 1.5, memory=90_000_000, entity_f1=0.9, theme_f1=0.75),
            system(PRODUCTS, 0.5, 0.5),
        ),
    )


def test_every_system_with_the_runs_weights_reads_every_article(tiny_run, tiny_articles):
    # One passage longer than a window, and no line break to help.
    long = Article("panjang", " ".join(["Bupati menegur pegawai yang terlambat."] * 150))
    articles = [*tiny_articles, long]
    known = list(Predictor.from_pretrained(tiny_run).predict(articles))
    assert {PIPELINES, "asn_nlp, PyTorch bfloat16", OURS, PRODUCTS} < set(SYSTEMS)
    for name in (PIPELINES, "asn_nlp, PyTorch float32", OURS):
        read = open_system(name, Setting(str(tiny_run), None, 1))(articles)
        assert [article.text for article in read] == [article.text for article in articles]
        if name != PIPELINES:
            places = [{(s.start, s.end, s.label) for s in article.spans} for article in read]
            assert places == [{(s.start, s.end, s.label) for s in one.spans} for one in known]
    assert open_system(PRODUCTS, Setting(str(tiny_run), None, 1))(articles) == []


def test_a_system_that_is_not_there_says_what_would_bring_it(tiny_run):
    with pytest.raises(ConfigError, match="--cache"):
        open_system(SPACY, Setting(str(tiny_run), None, 1))
    with pytest.raises(RunError, match=r"(?i)openvino"):
        open_system("asn_nlp, OpenVINO", Setting(str(tiny_run), None, 1))


def test_systems_race_in_processes_of_their_own(tiny_run, file, tiny_articles):
    result = race(
        "tiny",
        [OURS, SPACY],
        tiny_run,
        file,
        articles=2,
        rounds=3,
        threads=[1],
        baselines=None,
        scored=True,
    )
    ours, spacy = result.systems
    assert result.articles == 2
    assert result.words == sum(len(article.text.split()) for article in tiny_articles[:2])
    assert [number for number, laps in ours.laps.items() if len(laps) == 3] == [1]
    assert all(0 < seconds < ours.start for seconds in ours.laps[1])  # it begins with imports
    assert ours.entity_f1 is None  # the random weights mark none
    assert 0 <= ours.theme_f1 <= 1
    assert ours.skipped is None
    assert spacy.laps == {}
    assert "--cache" in spacy.skipped


def test_a_process_that_ends_early_is_told():
    process = subprocess.Popen(
        [sys.executable, "-c", "raise SystemExit(9)"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.wait()
    with process, pytest.raises(RunError, match=r"'spaCy CNN' ended with status 9 .* --articles"):
        answer_of(SPACY, process, "time")


def test_tables_show_what_is_known(made_race, tmp_path, capsys):
    write_races([made_race], tmp_path / "speed.md", machine="a processor")
    page = (tmp_path / "speed.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page if "|" in line]
    assert page[0] == "a processor"
    assert rows[0][1:5] == ["words/s, 1 thread", "words/s, 2 threads", "× pipelines", "of products"]
    assert rows[2] == [PIPELINES, "100", "100", "1.0", "6%", ".900", "", "0.50", ""]
    assert rows[3] == [OURS, "600", "900", "9.0", "50%", ".900", ".750", "0.50", "90"]
    assert len(rows) == 5
    assert page[-1].startswith("10 articles, 900 words; the median of 3 interleaved rounds")
    assert page[-1].endswith("longer")
    print_race(made_race)
    shown = capsys.readouterr().out
    assert f"left out: {SPACY}: spaCy needs <spacy>" in shown


def test_the_plot_names_every_system_that_reads(made_race, tmp_path):
    write_plot(made_race, tmp_path / "speed.svg", machine="a processor")
    drawn = (tmp_path / "speed.svg").read_text("utf-8")
    shown = re.findall(r"<!-- (.+?) -->", drawn)
    assert {PIPELINES, OURS, "entities", "themes"} <= set(shown)
    assert PRODUCTS not in shown
    assert not re.search(r'(?:href|src)="(?!#)', drawn.replace("xmlns:xlink", ""))


def test_the_profile_has_every_step(tiny_run, file):
    seconds = profile_reading(open_run(tiny_run), file)
    assert list(seconds) == [
        "opening the file",
        "tokenising",
        "windows",
        "encoder",
        "batches and theme head",
        "decode",
        "writing",
    ]
    assert all(each > 0 for each in seconds.values())


def test_the_crf_is_kept(news, tmp_path):
    train_crf(news, ASN_LABELS, tmp_path / "kept" / "crf.crfsuite")
    read = open_crf(tmp_path / "kept" / "crf.crfsuite").predict(news)
    assert [article.text for article in read] == [article.text for article in news]
    assert {span.label for article in read for span in article.entities} <= {*ASN_LABELS.entities}
    assert any(article.entities for article in read)
    (tmp_path / "broken").write_text("no model")
    with pytest.raises(ConfigError, match=r"no model of CRFsuite .* trained anew"):
        open_crf(tmp_path / "broken")


def test_spacy_learns_passages_with_their_spans(news):
    spacy_cnn = pytest.importorskip("asn_nlp.benchmark.spacy_cnn", reason="spaCy is not installed")
    for article in news:
        passages = list(spacy_cnn.passages_of(article))
        assert [one.text for one in passages] == [
            article.text[p.start : p.end] for p in split_passages(article.text)
        ]
        assert [one.surface(span) for one in passages for span in one.entities] == [
            article.surface(span) for span in article.entities
        ]
        assert [[theme.label for theme in one.themes] for one in passages] == [
            sorted(marked) for marked in passage_themes(article)
        ]


def test_spacy_reads_passages_to_the_articles_own_places(news, tmp_path):
    spacy_cnn = pytest.importorskip("asn_nlp.benchmark.spacy_cnn", reason="spaCy is not installed")
    nlp = pytest.importorskip("spacy").blank("id")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "TITLE", "pattern": "Bupati Sigi"}])
    read = spacy_cnn.SpacyCnn(nlp, 0.5).predict(news)
    assert [article.id for article in read] == [article.id for article in news]
    found = [article.surface(span) for article in read for span in article.entities]
    assert found == ["Bupati Sigi"] * sum(article.text.count("Bupati Sigi") for article in news)
    assert found
    with pytest.raises(ConfigError, match="no pipeline that the benchmark trained"):
        spacy_cnn.SpacyCnn.open(tmp_path)


def test_training_counts_each_token_once_over_the_batches(tiny_run, tiny_tokenizer, tiny_articles):
    result = benchmark_training(tiny_run, tiny_articles, rounds=2, steps=3)
    tokens = sum(
        len(tiny_tokenizer(article.text, add_special_tokens=False)["input_ids"])
        for article in tiny_articles
    )
    # The tiny world fits into one batch, so that every step reads all of it.
    for laps in (result.stock, result.ours):
        assert [lap.tokens for lap in laps] == [3 * tokens] * 2
        assert all(lap.seconds > 0 for lap in laps)


def test_training_is_compared_round_by_round(capsys):
    stock = (Lap(1.0, 500), Lap(2.0, 500), Lap(1.0, 500))
    print_training(Training(stock, (Lap(1.0, 2000), Lap(1.0, 500), Lap(1.0, 1500))))
    assert "3.00× (2.00–4.00)" in capsys.readouterr().out


def test_random_run_is_bert_base_with_the_tokenisers_words_by_default(
    tmp_path, tiny_tokenizer, monkeypatch
):
    def narrow(**shape: int) -> BertConfig:
        assert shape == {"vocab_size": len(tiny_tokenizer)}
        return BertConfig(**shape, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)

    monkeypatch.setattr("asn_nlp.benchmark.random_run.BertConfig", narrow)
    write_random_run(tmp_path, tiny_tokenizer)
    config = open_classifier(tmp_path).config
    assert config.vocab_size == len(tiny_tokenizer)
    assert config.pad_token_id == tiny_tokenizer.pad_token_id


def test_random_run_keeps_the_vocabulary_of_an_encoder_that_has_more(tiny_tokenizer, tmp_path):
    BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    ).save_pretrained(tmp_path / "encoder")
    write_random_run(tmp_path / "run", tiny_tokenizer, encoder=str(tmp_path / "encoder"))
    config = open_classifier(tmp_path / "run").config
    assert config.vocab_size == BertConfig().vocab_size > len(tiny_tokenizer)
    assert config.hidden_size == 32


def test_the_command_times_and_writes(tiny_run, file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("asn_nlp.benchmark.systems.SYSTEMS", (OURS,))
    monkeypatch.setattr("asn_nlp.benchmark.machine.cores", lambda: 1)
    options = {
        "run": tiny_run,
        "encoder": tiny_run,
        "file": file,
        "articles": 2,
        "rounds": 1,
        "output": tmp_path / "docs",
    }
    assert main(["benchmark", *(f"--{name}={value}" for name, value in options.items())]) == 0
    assert "the model" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "docs").iterdir()} == {"speed.md", "speed.svg"}


def test_the_command_profiles(tiny_run, file, capsys):
    assert main(["benchmark", f"--run={tiny_run}", f"--file={file}", "--profile"]) == 0
    assert "tokenising" in capsys.readouterr().out


def test_what_cannot_be_timed_is_refused_at_once(tiny_run, tmp_path, capsys):
    (tmp_path / "empty.jsonl").write_text("")
    for given, told in (
        (f"--run={tmp_path / 'none'}", "is no folder"),
        (f"--run={tiny_run} --rounds=0", "rounds must be 1 or more, found 0"),
        (f"--run={tiny_run} --file={tmp_path / 'empty.jsonl'}", "no article"),
    ):
        assert main(["benchmark", *given.split()]) == 2
        assert told in capsys.readouterr().err
