"""What is written as JSON is JSON: neither NaN nor Infinity, which others refuse to read."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_writer_of_json_refuses_what_json_has_no_word_for():
    calls = {}
    for path in sorted((ROOT / "asn_nlp").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("json.dump", "json.dumps"):
                named = {one.arg: ast.unparse(one.value) for one in node.keywords}
                calls[f"{path.relative_to(ROOT)}:{node.lineno}"] = named.get("allow_nan")
    assert len(calls) > 8
    lax = {place for place, allow in calls.items() if allow != "False"}
    assert not lax
