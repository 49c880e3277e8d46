import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hub import Hub, Repository, serving
from huggingface_hub import constants, snapshot_download
from safetensors.torch import load_file
from transformers import (
    AlbertConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    BertTokenizer,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    pipeline,
    set_seed,
)

from asn_nlp.cli import main
from asn_nlp.cli.parser import parse_config
from asn_nlp.config import PretrainConfig, TrainConfig
from asn_nlp.encoders import (
    check_tokenizer,
    fetch_encoder,
    find_encoder,
    open_config,
    open_model,
    open_tokenizer,
    unknown_share,
)
from asn_nlp.errors import EncoderError
from asn_nlp.formats import write_articles
from asn_nlp.predictor import Predictor
from asn_nlp.training import train

ROOT = Path(__file__).parents[1]
BASE, LITE = "indobenchmark/indobert-base-p1", "indobenchmark/indobert-lite-base-p1"
CONVERTED = "9f7ba973c27c7e6762a63cbaa0847b0d9901edc1"  # configs/indobert-base.yaml pins it


def commit(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="session")
def pieces(tiny_tokenizer: PreTrainedTokenizerFast) -> list[str]:
    vocabulary = tiny_tokenizer.get_vocab()
    return sorted(vocabulary, key=vocabulary.__getitem__)


@pytest.fixture(scope="session")
def repositories(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> dict[str, Repository]:
    """Shaped like IndoBERT's: a pickle on main, safetensors in a pull request, word pieces, and a
    tokeniser configuration of two bytes."""
    shape = {
        "vocab_size": len(pieces) + 60,  # more rows than pieces, as IndoBERT has them
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 512,
    }
    kinds: dict[str, PreTrainedConfig] = {
        BASE: BertConfig(**shape),
        LITE: AlbertConfig(embedding_size=8, **shape),
    }
    made = {}
    for name, config in kinds.items():
        folder = tmp_path_factory.mktemp("repository")
        set_seed(0)
        model = AutoModelForMaskedLM.from_config(config)
        model.save_pretrained(folder)
        (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
        (folder / "tokenizer_config.json").write_text("{}", "utf-8")
        (folder / "README.md").write_text("IndoBERT", "utf-8")
        safe = files_of(folder)
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
        pickled = files_of(folder)
        converted = CONVERTED if name == BASE else commit(name)
        made[name] = Repository(
            {commit(f"{name} main"): pickled, converted: pickled | safe},
            {"main": commit(f"{name} main"), "refs/pr/1": converted},
        )
    safe = made[BASE].commits[CONVERTED]
    made["owner/gated"] = Repository({commit("gated"): safe}, {"main": commit("gated")}, gated=True)
    damaged = safe | {"model.safetensors": b"\xff" * len(safe["model.safetensors"])}
    made["owner/damaged"] = Repository({commit("damaged"): damaged}, {"main": commit("damaged")})
    return made


def ask_at(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT does to a process that has yet to start."""
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def hub(
    repositories: dict[str, Repository], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hub]:
    """The hub, running, with an empty cache; this process's client asks it."""
    with serving(repositories) as running:
        ask_at(running.endpoint, monkeypatch)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 1)
        monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
        yield running


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Takes the hub away: nobody listens where it was."""
    return lambda: ask_at("http://127.0.0.1:9", monkeypatch)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(EncoderError) as caught:
        act()
    message = str(caught.value)
    assert "\n" not in message
    return message


# Finding


def test_the_hub_of_the_tests_speaks_to_the_stock_client(hub, tmp_path):
    folder = snapshot_download(BASE, revision="refs/pr/1", cache_dir=tmp_path / "stock")
    assert files_of(Path(folder)).keys() == hub.repositories[BASE].commits[CONVERTED].keys()
    assert Path(folder).name == CONVERTED


def test_a_pinned_commit_is_downloaded_once_and_only_what_is_needed(hub):
    found = find_encoder(BASE, revision=CONVERTED)
    assert found.record == {"name": BASE, "revision": CONVERTED}
    assert files_of(found.folder).keys() == {
        "config.json",
        "model.safetensors",
        "tokenizer_config.json",
        "vocab.txt",
    }
    hub.requests.clear()
    assert find_encoder(BASE, revision=CONVERTED) == found
    assert hub.requests == []


@pytest.mark.usefixtures("hub")
def test_a_reference_is_resolved_to_its_commit_also_without_the_hub(nowhere, monkeypatch):
    found = find_encoder(LITE, revision="refs/pr/1")
    assert found.commit == commit(LITE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert find_encoder(LITE, revision="refs/pr/1") == found
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    nowhere()
    begun = time.monotonic()
    assert find_encoder(LITE, revision="refs/pr/1") == found
    assert time.monotonic() - begun < 5


def test_a_lone_pickle_names_the_line_that_converts_it(hub):
    message = refusal(lambda: find_encoder(BASE))
    assert message.startswith(f"the encoder '{BASE}' has no model.safetensors, only pytorch_model")
    assert message.endswith(f"asn-nlp fetch-encoder {BASE} --output FOLDER --trust-pickle")
    main = commit(f"{BASE} main")
    message = refusal(lambda: find_encoder(BASE, revision=main))
    assert f"at revision {main} has no model.safetensors" in message
    assert f"--output FOLDER --revision {main} --trust-pickle" in message
    assert not any("pytorch_model" in request for request in hub.requests)


def test_a_gated_encoder_names_its_page_and_the_login(hub, monkeypatch):
    message = refusal(lambda: find_encoder("owner/gated"))
    assert message == (
        "the encoder 'owner/gated' is gated: ask for access on its page, "
        f"{hub.endpoint}/owner/gated, then log in with `hf auth login` or set HF_TOKEN"
    )
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert find_encoder("owner/gated").commit == commit("gated")


def test_what_the_hub_does_not_have_is_named(hub):
    message = refusal(lambda: find_encoder("owner/hilang"))
    assert message.startswith(f"the encoder 'owner/hilang' is no folder, and {hub.endpoint} has")
    assert "check the name, and where it is private log in" in message
    message = refusal(lambda: find_encoder(BASE, revision="refs/pr/99"))
    assert message.startswith(f"the encoder '{BASE}' has no revision 'refs/pr/99'; its page lists")


@pytest.mark.parametrize("name", ["./hilang", "/tmp/a/b/hilang", "a/b/c"])
def test_a_path_that_is_no_folder_is_not_asked_for(hub, name):
    assert refusal(lambda: find_encoder(name)).endswith(f"{name} is no folder; check the path")
    assert hub.requests == []


def test_a_name_no_hub_can_have_is_refused(hub):
    assert "neither a folder nor a hub name" in refusal(lambda: find_encoder("indo bert"))
    assert hub.requests == []


def test_a_download_that_breaks_off_is_gone_on_with(hub):
    hub.cutting = True
    message = refusal(lambda: find_encoder(BASE, revision=CONVERTED))
    assert message.startswith(f"the download of model.safetensors of '{BASE}' from {hub.endpoint}")
    assert message.endswith("give the same command again: what has arrived is kept")
    hub.cutting = False
    assert find_encoder(BASE, revision=CONVERTED).commit == CONVERTED


def test_a_hub_that_hangs_ends_in_seconds(hub):
    hub.hanging = True
    begun = time.monotonic()
    message = refusal(lambda: find_encoder(BASE, revision=CONVERTED))
    assert time.monotonic() - begun < 5
    assert f"{hub.endpoint} cannot be reached (" in message
    assert "HTTPS_PROXY or HF_ENDPOINT" in message


@pytest.mark.usefixtures("hub")
def test_a_hub_that_is_not_there_ends_in_seconds_and_names_the_offline_way(nowhere):
    nowhere()
    begun = time.monotonic()
    message = refusal(lambda: find_encoder(BASE, revision=CONVERTED))
    assert time.monotonic() - begun < 5
    assert "http://127.0.0.1:9 cannot be reached (" in message
    assert f"fetch-encoder {BASE} --output FOLDER --revision {CONVERTED}" in message
    assert message.endswith("configs/default.yaml needs no network")


def test_offline_the_cache_is_all_there_is(hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    message = refusal(lambda: find_encoder(BASE, revision=CONVERTED))
    assert "not whole in the cache" in message
    assert "HF_HUB_OFFLINE is set" in message
    assert hub.requests == []


def test_a_cache_without_the_weights_is_not_whole(hub, monkeypatch):
    open_tokenizer(BASE, revision=CONVERTED)
    assert not any("safetensors" in request for request in hub.requests)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert len(open_tokenizer(BASE, revision=CONVERTED)) > 100
    assert "not whole in the cache" in refusal(lambda: find_encoder(BASE, revision=CONVERTED))


def test_a_folder_says_what_it_lacks(tmp_path):
    message = refusal(lambda: find_encoder(str(tmp_path)))
    assert "needs a config.json, a model.safetensors and a tokenizer.json or vocab.txt" in message
    assert message.endswith("but holds nothing; copy it again")


# Opening


@pytest.mark.usefixtures("hub")
def test_damaged_weights_are_one_line():
    found = find_encoder("owner/damaged")
    message = refusal(lambda: open_model(AutoModel, found))
    assert message.startswith(f"the encoder 'owner/damaged', kept in {found.folder}, cannot be op")
    assert message.endswith("if a file is damaged, delete it and fetch it again")


@pytest.mark.usefixtures("hub")
def test_weights_that_lack_a_layer_are_refused(tmp_path):
    folder = tmp_path / "deeper"
    shutil.copytree(find_encoder(BASE, revision=CONVERTED).folder, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}), "utf-8")
    found = find_encoder(str(folder))
    for factory in (AutoModel, AutoModelForTokenClassification):
        message = refusal(lambda factory=factory: open_model(factory, found))
        assert "lack 16 of the encoder's, such as " in message
        assert "layer.2." in message


@pytest.mark.usefixtures("hub")
def test_what_starts_at_random_beside_the_encoder_is_told():
    found = find_encoder(BASE, revision=CONVERTED)
    model, missing = open_model(AutoModelForTokenClassification, found)
    assert missing == ("classifier.bias", "classifier.weight")
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert open_config(found).vocab_size == model.config.vocab_size


# Tokenisers


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("name", [BASE, LITE])
def test_word_pieces_open_as_berts_whatever_the_configuration_says(name, pieces):
    tokenizer = open_tokenizer(name, revision="refs/pr/1")
    assert isinstance(tokenizer, BertTokenizer)
    assert tokenizer.get_vocab() == {piece: index for index, piece in enumerate(pieces)}
    assert tokenizer.model_max_length == 512
    assert tokenizer("Gubernur")["input_ids"] == tokenizer("Gubernur")["input_ids"]


@pytest.mark.usefixtures("hub")
def test_the_stock_opening_of_the_lite_encoder_is_refused(news):
    found = find_encoder(LITE, revision="refs/pr/1")
    stock = AutoTokenizer.from_pretrained(found.folder)
    rows = open_config(found).vocab_size
    message = refusal(lambda: check_tokenizer(stock, (), rows=rows, name=LITE))
    assert f"has 5 tokens, and the encoder has {rows} embedding rows" in message
    texts = [article.text for article in news]
    assert check_tokenizer(open_tokenizer(LITE, revision="refs/pr/1"), texts, rows=rows, name="")\
        == 0  # fmt: skip


@pytest.mark.parametrize(
    ("word", "said", "lowered"),
    [("apel", {}, True), ("Apel", {}, False), ("Apel", {"do_lower_case": True}, True)],
)
def test_casing_is_read_from_the_vocabulary_where_nothing_is_said(tmp_path, word, said, lowered):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "##s", word]
    (tmp_path / "vocab.txt").write_text("\n".join(words), "utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(said), "utf-8")
    BertConfig().save_pretrained(tmp_path)
    assert open_tokenizer(str(tmp_path)).do_lower_case is lowered


@pytest.mark.usefixtures("hub")
def test_unknown_words_are_counted_and_refused(pieces):
    tokenizer = open_tokenizer(BASE, revision=CONVERTED)
    known, strange = ["Gubernur Riau"] * 19, ["Губернатор"]
    assert unknown_share(tokenizer, known + strange) == 1 / 39
    assert check_tokenizer(tokenizer, known + strange, rows=len(pieces), name="x") == 1 / 39
    message = refusal(
        lambda: check_tokenizer(tokenizer, known + strange * 2 + ["Бали"], rows=500, name="x")
    )
    assert "BertTokenizer of 'x' does not know 7% of the training text's words (Губе" in message
    assert "at most 5% may be unknown; use an encoder for this language and script" in message
    cased = BertTokenizer.from_pretrained(
        find_encoder(BASE, revision=CONVERTED).folder, do_lower_case=False
    )
    message = refusal(lambda: check_tokenizer(cased, ["Xenia Quraish"], rows=500, name="x"))
    assert "with the right do_lower_case" in message


@pytest.mark.usefixtures("hub")
def test_more_tokens_than_rows_are_refused(pieces):
    tokenizer = open_tokenizer(BASE, revision=CONVERTED)
    message = refusal(lambda: check_tokenizer(tokenizer, (), rows=len(pieces) - 1, name="x"))
    assert f"has {len(pieces)} tokens, and the encoder has {len(pieces) - 1} embedding" in message


# Fetching


@pytest.mark.usefixtures("hub")
def test_a_pickle_is_fetched_only_where_it_is_trusted(tmp_path):
    output = tmp_path / "encoders" / "base"
    assert "--trust-pickle" in refusal(lambda: fetch_encoder(BASE, output))
    assert not output.exists()
    fetch_encoder(BASE, output, trust_pickle=True)
    assert files_of(output).keys() == {
        "config.json",
        "model.safetensors",
        "source.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    source = json.loads((output / "source.json").read_text("utf-8"))
    assert source["name"] == BASE
    assert source["commit"] == commit(f"{BASE} main")
    assert source["pickle"] is True
    assert source["weights"] == ["pytorch_model.bin"]
    safe = find_encoder(BASE, revision=CONVERTED)
    for name, weight in load_file(safe.folder / "model.safetensors").items():
        assert torch.equal(weight, load_file(output / "model.safetensors")[name])
    assert find_encoder(str(output)).commit == source["commit"]
    assert len(AutoTokenizer.from_pretrained(output)) == len(open_tokenizer(safe)) > 100
    assert "nothing is overwritten" in refusal(lambda: fetch_encoder(BASE, output))
    assert [path.name for path in output.parent.iterdir()] == ["base"]


@pytest.mark.usefixtures("hub")
def test_safetensors_are_fetched_with_a_tokenizer_that_stock_tools_open(tmp_path):
    output = fetch_encoder(LITE, tmp_path / "lite", revision="refs/pr/1")
    source = json.loads((output / "source.json").read_text("utf-8"))
    assert (source["pickle"], source["commit"]) == (False, commit(LITE))
    assert len(AutoTokenizer.from_pretrained(output)) == len(open_tokenizer(str(output))) > 100


class _Code:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch ran",)


@pytest.mark.usefixtures("hub")
def test_a_pickle_that_would_run_code_is_not_opened_even_if_trusted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "bad"
    shutil.copytree(find_encoder(BASE, revision=CONVERTED).folder, folder)
    (folder / "model.safetensors").unlink()
    torch.save({"a": _Code()}, folder / "pytorch_model.bin")
    message = refusal(lambda: fetch_encoder("bad", tmp_path / "out", trust_pickle=True))
    assert message.startswith("bad/pytorch_model.bin is damaged or holds more than tensors")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists()


def test_the_command_fetches_and_ends_with_one_line_where_it_cannot(hub, tmp_path, capsys):
    output = ["--output", str(tmp_path / "x")]
    assert main(["fetch-encoder", LITE, *output, "--trust-pickle"]) == 0
    assert json.loads((tmp_path / "x" / "source.json").read_text("utf-8"))["pickle"] is True
    hub.hanging = True
    capsys.readouterr()
    assert main(["fetch-encoder", "a/b", "--output", str(tmp_path / "y")]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: the encoder 'a/b' is no folder and not whole")


# From the hub to a model that reads


@pytest.mark.usefixtures("hub")
def test_the_shipped_config_trains_from_the_hub_and_again_without_it(
    nowhere, tmp_path, news, monkeypatch, capsys
):
    write_articles(news, tmp_path / "latih.jsonl")
    line = [
        *("--config", str(ROOT / "configs" / "indobert-base.yaml")),
        *("--data.train", str(tmp_path / "latih.jsonl"), "--data.dev", "null"),
        *("--optimizer.epochs", "1"),
    ]
    assert main(["train", *line, "--output", str(tmp_path / "run")]) == 0
    scores = json.loads((tmp_path / "run" / "scores.json").read_text("utf-8"))
    assert scores["encoder"] == {"name": BASE, "revision": CONVERTED, "unknown_words": 0}
    article = Predictor.from_pretrained(tmp_path / "run", device="cpu")(news[0].text)
    assert article.text == news[0].text

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert find_encoder(BASE, revision=CONVERTED).record == {"name": BASE, "revision": CONVERTED}
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    nowhere()
    assert main(["train", *line, "--output", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again" / "scores.json").read_text("utf-8"))
    assert again["encoder"] == scores["encoder"]
    assert again["dev"] == scores["dev"]

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "empty"))
    capsys.readouterr()
    assert main(["train", *line, "--output", str(tmp_path / "none")]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"error: the encoder '{BASE}' is no folder and not whole in the cac")
    assert message.count("\n") == 1


@pytest.mark.usefixtures("hub")
def test_the_lite_encoder_trains_on_words_and_stock_tools_open_the_run(nowhere, tmp_path, news):
    write_articles(news, tmp_path / "latih.jsonl")
    line = [
        *("--config", str(ROOT / "configs" / "indobert-lite-base.yaml")),
        *("--data.train", str(tmp_path / "latih.jsonl"), "--data.dev", "null"),
        *("--optimizer.epochs", "1", "--output", str(tmp_path / "run")),
    ]
    folder = train(parse_config(TrainConfig, line))
    scores = json.loads((folder / "scores.json").read_text("utf-8"))
    assert scores["encoder"] == {"name": LITE, "revision": commit(LITE), "unknown_words": 0}
    stock = pipeline("token-classification", model=str(folder))
    ids = stock.tokenizer("Gubernur Riau")["input_ids"]
    assert ids == open_tokenizer(LITE, revision="refs/pr/1")("Gubernur Riau")["input_ids"]
    assert stock.tokenizer.unk_token_id not in ids
    assert Predictor.from_pretrained(folder, device="cpu")(news[0].text).text == news[0].text
    nowhere()
    # Asks nobody: the run is complete.
    train(parse_config(TrainConfig, [*line, "--resume"]))


CONFIGS = sorted([*(ROOT / "configs").glob("*indo*.yaml")])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configs_for_hub_encoders_pin_a_revision_and_say_where_it_is_from(path):
    kind = PretrainConfig if path.name.startswith("pretrain") else TrainConfig
    encoder = parse_config(kind, ["--config", str(path)]).encoder
    text = path.read_text("utf-8")
    assert encoder.revision.startswith("refs/pr/") or len(encoder.revision) == 40
    assert "pull request" in text
    if encoder.revision.startswith("refs/pr/"):
        assert f"pull request {encoder.revision.removeprefix('refs/pr/')} of its page" in text
        assert "scores.json" in text
