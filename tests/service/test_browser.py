"""The page in a real browser, by mouse and keyboard."""

import json
import random
import shutil
import threading
from pathlib import Path

import pytest
import uvicorn

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.config import ServeConfig
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.report.highlight import tints
from asn_nlp.service import make_app
from asn_nlp.service.server import listening_socket

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

ARGUMENTS = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TEXT = "👩🏽‍⚖️ 😀 Bupati Sigi Rina Lasut menegur pegawai yang terlambat apel.\nLangit 😀 cerah."
HOSTILE = '<script>window.hit = 1</script> "><img src=x onerror="window.hit = 1"> &lt;b&gt;'


@pytest.fixture(scope="module")
def address(predictor):
    with listening_socket(ServeConfig(port=0)) as listening:
        app = make_app(predictor, run="ready", config=ServeConfig(articles=2))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def tab():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        tab = browser.new_page()
        tab.on("dialog", lambda dialog: dialog.accept())  # that corrections are not saved
        yield tab
        browser.close()


@pytest.fixture
def page(tab, address):
    """The page anew, which asks nobody else for anything and has no fault."""
    asked, faults = [], []
    listeners = {
        "request": lambda request: asked.append(request.url),
        "pageerror": lambda error: faults.append(str(error)),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.goto(address)
    tab.wait_for_selector("#endings:not(:empty)")
    yield tab
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    assert faults == []
    ours = (address, "data:", f"blob:{address}")
    assert [url for url in asked if not url.startswith(ours)] == []


def read(page, text):
    page.fill("#input", text)
    page.click("#read")
    page.wait_for_selector("#work:not([hidden])")


def open_file(page, path):
    page.set_input_files("#file", path)
    page.wait_for_selector("#work:not([hidden])")


def marks(page):
    """What is marked, each with its label."""
    return [
        (one.text_content(), one.get_attribute("data-label")) for one in page.locator("mark").all()
    ]


def drag_over(page, words):
    """Select ``words`` in the text with the mouse."""
    box = page.evaluate(
        """words => {
            for (const row of document.querySelectorAll(".words")) {
                for (const node of [...row.childNodes].map((one) => one.firstChild ?? one)) {
                    const start = node.textContent.indexOf(words);
                    if (start < 0) continue;
                    const range = document.createRange();
                    range.setStart(node, start);
                    range.setEnd(node, start + words.length);
                    const { left, right, top, bottom } = range.getBoundingClientRect();
                    return { left, right, middle: (top + bottom) / 2 };
                }
            }
        }""",
        words,
    )
    page.mouse.move(box["left"] + 0.5, box["middle"])
    page.mouse.down()
    page.mouse.move(box["right"] - 0.5, box["middle"], steps=3)
    page.mouse.up()
    page.wait_for_selector("#menu:popover-open")


def saved(page, tmp_path, click="#save"):
    with page.expect_download() as download:
        page.click(click)
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_the_example_shows_entities_themes_and_records(page, predictor):
    page.click("#example")
    page.wait_for_selector("tbody tr")
    assert ("Dr. Hj. Ratna Mokoginta, M.Si", "OFFICIAL") in marks(page)
    shown = page.locator("mark[data-label=OFFICIAL]").first
    tint = tints(predictor.labels.entities)["OFFICIAL"]
    colour = shown.evaluate("node => getComputedStyle(node).backgroundColor")
    assert colour == f"rgb({', '.join(str(int(tint[at : at + 2], 16)) for at in (1, 3, 5))})"
    assert "KARIER" in page.locator(".chips").nth(0).text_content()
    row = page.locator("tbody tr").filter(has_text="Johny Lasut").inner_text().split("\t")
    assert row[:4] == ["Johny Lasut", "Wali Kota Bitung", "Sulawesi Utara", "the registry"]


def test_a_span_is_marked_relabelled_and_deleted_to_the_character(page, tmp_path):
    read(page, TEXT)
    assert marks(page) == [("Bupati Sigi", "TITLE"), ("Rina Lasut", "OFFICIAL")]
    drag_over(page, "cerah")
    page.click("#menu-choices button:has-text('PROVINCE')")
    page.click("mark:has-text('Bupati Sigi')")
    page.click("#menu-choices button:has-text('OFFICIAL')")
    page.click("mark:has-text('Rina Lasut')")
    page.click("#delete")
    assert marks(page) == [("Bupati Sigi", "OFFICIAL"), ("cerah", "PROVINCE")]
    (article,) = read_articles(saved(page, tmp_path))
    assert article.text == TEXT
    assert [(article.surface(one), one.label) for one in article.entities] == marks(page)
    page.click("#undo")
    page.click("#undo")
    page.click("#undo")
    assert marks(page) == [("Bupati Sigi", "TITLE"), ("Rina Lasut", "OFFICIAL")]
    assert page.locator("#undo").is_disabled()


def test_a_mark_takes_the_place_of_those_it_touches(page):
    read(page, TEXT)
    page.locator("mark").first.evaluate(
        """first => {
            const last = first.nextElementSibling.firstChild;
            getSelection().setBaseAndExtent(first.firstChild, 7, last, last.length);
        }"""
    )
    page.wait_for_selector("#menu:popover-open")
    assert page.text_content("#menu-words") == "Sigi Rina Lasut"
    page.keyboard.press("2")
    assert marks(page) == [("Sigi Rina Lasut", "TITLE")]


def test_all_can_be_corrected_by_keyboard(page):
    read(page, TEXT)
    page.focus("mark:has-text('Bupati Sigi')")
    page.keyboard.press("Enter")
    page.focus("[aria-label='End a word earlier']")
    page.keyboard.press("Enter")
    assert marks(page)[0] == ("Bupati", "TITLE")
    assert page.evaluate("document.activeElement.ariaPressed") == "true"  # of a single word
    page.keyboard.press("1")
    assert marks(page)[0] == ("Bupati", "OFFICIAL")
    page.wait_for_selector("mark:focus:text-is('Bupati')")
    page.keyboard.press("Enter")
    page.keyboard.press("Delete")
    assert marks(page) == [("Rina Lasut", "OFFICIAL")]
    page.keyboard.press("Control+z")
    page.focus(".chips >> nth=1")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.locator(".chips").nth(1).text_content() == "DISIPLIN+ theme"
    page.wait_for_selector(".chips:focus")


def test_themes_of_a_passage_are_toggled(page, tmp_path):
    read(page, TEXT)
    page.locator(".chips").nth(1).click()
    page.click("#menu-choices button:has-text('KARIER')")
    page.click("#menu-choices button:has-text('INTEGRITAS')")
    page.click("#menu-choices button:has-text('KARIER')")
    page.keyboard.press("Escape")
    assert page.locator(".chips").nth(1).text_content() == "INTEGRITAS+ theme"
    (article,) = read_articles(saved(page, tmp_path))
    (span,) = [one for one in article.themes if one.label == "INTEGRITAS"]
    assert article.surface(span) == "Langit 😀 cerah."


def test_hostile_text_and_labels_are_shown_as_text(page, tmp_path):
    text = f"{HOSTILE}\nBupati Sigi {HOSTILE} hadir."
    article = Article(
        HOSTILE,
        text,
        (
            EntitySpan(0, len(HOSTILE), "OFFICIAL"),
            EntitySpan(len(HOSTILE) + 1, len(HOSTILE) + 7, "<b>"),
        ),
        (ThemeSpan(0, len(HOSTILE), "<i>x</i>"),),
    )
    write_articles([article], tmp_path / "<u>hostile.jsonl")
    open_file(page, tmp_path / "<u>hostile.jsonl")
    page.wait_for_selector("tbody tr")
    assert "".join(page.locator(".words").all_text_contents()) == text
    assert page.text_content("#id") == HOSTILE
    assert page.locator("tbody th").text_content() == HOSTILE
    page.locator("mark").first.click()
    assert page.text_content("#menu-words") == HOSTILE
    assert page.evaluate("window.hit") is None
    assert page.locator("main :is(script, img, b, i, u)").count() == 0


def test_losses_are_named_and_refused_unless_agreed(page, tmp_path):
    read(page, TEXT)
    page.select_option("#format", "brat")
    page.click("#save")
    page.wait_for_selector("#losses li:has-text('brat cannot hold its')")
    page.click("#losses button:has-text('another format')")
    assert not page.is_visible("#losses")
    page.click("#save")
    assert (
        saved(page, tmp_path, "#losses button:has-text('without it')").name == "articles-brat.zip"
    )
    page.uncheck("#scores")
    assert saved(page, tmp_path).name == "articles-brat.zip"


def test_files_come_back_as_they_went_in(page, tmp_path):
    pick = random.Random(0)
    letters = ["a", "é", "e\u0301", "😀", "👩🏽‍⚖️", " ", "\n", "\r\n", "\u2028", "\t", "<", "&"]
    articles = []
    for number in range(6):
        text = "x" + "".join(pick.choices(letters, k=30)) + "y"
        edges = sorted(pick.sample(range(len(text)), 4))
        entities = (EntitySpan(*edges[:2], "OFFICIAL", 1.0), EntitySpan(*edges[2:], "AGENCY"))
        meta = {"id": 12345678901234567890, "none": None}
        articles.append(Article(str(number), text, entities, (ThemeSpan(0, 1, "T"),), meta))
    write_articles(articles, tmp_path / "mine.jsonl")
    open_file(page, tmp_path / "mine.jsonl")
    for place, article in enumerate(articles):
        page.wait_for_selector(f"#place:text-is('{place + 1} of 6')")
        assert "".join(page.locator(".words").all_text_contents()) == article.text
        pieces = "".join(page.locator("mark").all_text_contents())
        assert pieces == "".join(map(article.surface, article.entities))
        if place < 5:
            page.click("#next")
    assert read_articles(saved(page, tmp_path)) == articles


def test_raw_news_is_read_and_what_is_broken_is_told(page, tmp_path):
    rows = [{"text": TEXT}, {"text": 3}, {"text": "Hujan."}, {"text": "Cerah."}]
    path = Path(tmp_path / "news.jsonl")
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    open_file(page, path)
    assert marks(page) == [("Bupati Sigi", "TITLE"), ("Rina Lasut", "OFFICIAL")]
    assert page.text_content("#place") == "1 of 3"
    assert "news.jsonl:2: 'text' must be a string, found int 3" in page.inner_text("#alert")


def test_errors_are_told_in_words(page, tmp_path):
    (tmp_path / "a.exe").write_bytes(b"x")
    page.set_input_files("#file", tmp_path / "a.exe")
    page.wait_for_selector("#alert:not([hidden])")
    assert "a.exe was not opened" in page.inner_text("#alert")
    page.route("**/predict", lambda route: route.abort(), times=1)
    page.fill("#input", TEXT)
    page.click("#read")
    page.wait_for_selector("#alert li:has-text('does not answer')")
    page.click("[aria-label='Close this message']")
    assert not page.is_visible("#alert")
    assert page.input_value("#input") == TEXT


def test_a_phone_needs_no_scrolling_sideways(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.click("#example")
    page.wait_for_selector("tbody tr")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".chips").first.click()
    box = page.locator("#menu").bounding_box()
    assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 390, 844)
