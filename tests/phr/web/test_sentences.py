"""The tables of sentences: no module takes a table of another, and what a page says by a code has its sentence."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from phr.web import sentences
from phr.web.pages import account
from phr.web.sentences import SENTENCES

FOLDER = Path(sentences.__file__).parent


def test_no_two_modules_have_a_table_of_the_same_name():
    """The later one would hide the earlier one, and its page would show codes instead of sentences."""
    named: Counter[str] = Counter()
    for path in sorted(FOLDER.glob("sentences*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
                named.update(key.value for key in node.value.keys if isinstance(key, ast.Constant))
    assert len(named) > 40
    assert [name for name, count in named.items() if count > 1] == []


def test_what_the_page_of_the_account_says_has_its_sentences():
    """Each notice and each problem that a route can name."""
    assert set(account._NOTICES) <= set(SENTENCES["account-notice"])
    assert {*account._PROBLEMS, "passphrase", "current", "code", "locked"} <= set(
        SENTENCES["account-problem"]
    )
