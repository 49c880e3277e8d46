from transformers import BertConfig

from asn_nlp.articles import Article
from asn_nlp.benchmark import (
    Inference,
    Lap,
    Training,
    benchmark_inference,
    benchmark_training,
    print_benchmark,
    speed_up,
    write_random_run,
)
from asn_nlp.cli import main
from asn_nlp.engines.torch import open_classifier
from asn_nlp.formats import jsonl


def test_inference_has_a_lap_a_round_for_each_contestant(tiny_run, tiny_tokenizer, tiny_articles):
    # One passage longer than a window, and no line break to help.
    long = Article("panjang", " ".join(["Bupati menegur pegawai yang terlambat."] * 150))
    articles = [*tiny_articles, long]
    result = benchmark_inference(tiny_run, articles, rounds=2)
    assert result.articles == len(articles)
    tokens = sum(
        len(tiny_tokenizer(article.text, add_special_tokens=False)["input_ids"])
        for article in articles
    )
    assert tokens > 512
    for laps in (result.tagging_pipeline, result.theme_pipeline, *result.predictors.values()):
        assert [lap.tokens for lap in laps] == [tokens] * 2
        assert all(0 < lap.encoder_seconds < lap.seconds for lap in laps)


def test_stock_is_both_pipelines_one_after_the_other():
    result = Inference(1, (Lap(1.0, 90, 0.5),), (Lap(2.0, 90, 1.5),), {})
    assert result.stock == (Lap(3.0, 90, 2.0),)


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


def test_speed_up_is_of_tokens_a_second_round_by_round():
    slow = [Lap(1.0, 100), Lap(2.0, 100), Lap(1.0, 100)]
    fast = [Lap(1.0, 400), Lap(1.0, 100), Lap(1.0, 300)]
    ratio = speed_up(slow, fast)
    assert (ratio.median, ratio.low, ratio.high) == (3.0, 2.0, 4.0)


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


def test_random_run_keeps_the_vocabulary_of_an_encoder_that_has_more(tiny_run, tiny_tokenizer):
    config = open_classifier(tiny_run).config
    assert config.vocab_size == BertConfig().vocab_size > len(tiny_tokenizer)
    assert config.hidden_size == 32


def test_tables_show_medians_and_ratios(capsys):
    inference = Inference(
        10,
        (Lap(3.0, 900, 1.5), Lap(3.0, 900, 1.5)),
        (Lap(6.0, 900, 5.0), Lap(7.0, 900, 6.0)),
        {"ONNX": (Lap(1.0, 900, 0.9), Lap(2.0, 900, 1.8))},
    )
    print_benchmark(inference, Training((Lap(1.0, 500),) * 2, (Lap(1.0, 2000), Lap(1.0, 2500))))
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    assert ["Predictor,", "ONNX", "7.50", "675", "10.0%", "7.00×", "(5.00–9.00)"] in lines
    assert ["both", "pipelines", "1.06", "95", "26.4%"] in lines
    assert ["asn_nlp", "2,250", "4.50×", "(4.00–5.00)"] in lines


def test_the_command_times(tiny_run, tiny_articles, tmp_path, capsys):
    jsonl.write(tiny_articles, tmp_path / "articles.jsonl")
    options = {"encoder": tiny_run, "tokenizer": tiny_run, "file": tmp_path / "articles.jsonl"}
    few = {"articles": 2, "rounds": 1, "steps": 1}
    arguments = [f"--{name}={value}" for name, value in (options | few).items()]
    assert main(["benchmark", *arguments]) == 0
    shown = capsys.readouterr().out
    assert "2 articles, 1 rounds" in shown
    assert "Predictor" in shown
    assert "stock loop" in shown
