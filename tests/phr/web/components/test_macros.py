"""What each part says and does: states, limits, empty values, and texts that somebody else wrote."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from phr.web.render import Frame
from phr.web.views.components import COMPONENTS
from phr.web.views.parts import CheckUp, Proof, Reason

HOSTILE = '"><script>alert(1)</script>'
TONES = ["info", "ok", "notice", "warn", "alarm"]


@pytest.fixture(scope="module")
def say(renderer):
    """Renders a line of a template that has the parts under the name p."""

    def said(text, locale="ja", **given):
        made = renderer.environment(locale).from_string('{% import "_parts.html" as p with context %}' + text)
        return made.render(frame=Frame(None, "form-token"), **given).strip()

    return said


def test_no_part_lets_a_text_become_markup(say):
    """Names and notes come from people."""
    hostile = {"one": HOSTILE}
    parts = {
        "badge": say('{{ p.badge("ok", one) }}', **hostile),
        "note": say('{% call p.note("ok", one) %}{{ one }}{% endcall %}', **hostile),
        "listed": say("{{ p.listed([one, one]) }}", **hostile),
        "names": say('{{ p.names("category", [one]) }}', **hostile),
        "problem": say("{{ p.problem_list({one: one}, {}) }}", **hostile),
        "error": say("{{ p.error_of({one: one}, one) }}", **hostile),
        "invalid": say("<input{{ p.invalid({one: one}, one) }}>", **hostile),
        "received": say(
            "{{ p.received(rows) }}",
            rows=[{"name": HOSTILE, "at": datetime(2026, 4, 1, tzinfo=UTC), "categories": [HOSTILE]}],
        ),
        "reason": say(
            "{{ p.reason(r) }}", r=Reason(HOSTILE, (1.0,), (2.0,), HOSTILE, date(2026, 4, 1), HOSTILE)
        ),
        "proof": say("{{ p.proof(r) }}", r=Proof(True, datetime(2026, 4, 1, tzinfo=UTC), HOSTILE, 1)),
    }
    assert {name: text for name, text in parts.items() if "<script" in text or '"">' in text} == {}
    assert [name for name, text in parts.items() if "&lt;script" not in text and name != "invalid"] == []


@pytest.mark.parametrize("tone", TONES)
def test_a_state_is_a_sign_and_a_word(say, tone):
    """Never a colour alone; the sign is not read aloud, the word is."""
    badge = say("{{ p.badge(tone, 'できました') }}", tone=tone)
    assert f"badge--{tone}" in badge
    assert 'aria-hidden="true"' in badge
    assert badge.endswith("できました</span>")
    note = say("{% call p.note(tone, 'x', 'h2') %}<p>y</p>{% endcall %}", tone=tone)
    assert '<h2 class="note__t">x</h2><p>y</p>' in note
    assert note.count("<svg") == 1


@pytest.mark.parametrize(
    ("now", "at"), [(60, "0.0"), (100, "0.0"), (140, "50.0"), (180, "100.0"), (900, "100.0")]
)
def test_the_dot_of_a_band_never_leaves_it(say, now, at):
    """A value far outside stands at the edge; without a usual range there is only the rail."""
    band = say("{{ p.band(100, 180, none, now) }}", now=now)
    assert f'class="band__now" cx="{at}%"' in band
    assert "band__usual" not in band
    assert "band__limit" not in band


@pytest.mark.parametrize(
    ("value", "full", "width"), [(0, 10, 0), (-4, 10, 0), (5, 10, 50), (99, 10, 100), (3, 0, 0)]
)
def test_a_bar_is_never_longer_than_its_rail(say, value, full, width):
    """Nor shorter than nothing, nor a division by nothing."""
    assert f'class="bar__fill" width="{width}%"' in say("{{ p.bar(v, f) }}", v=value, f=full)
    assert "bar__fill--late" in say("{{ p.bar(1, 2, true) }}")


@pytest.mark.parametrize(
    ("side", "text"),
    [("at-or-above", "135以上"), ("above", "135をこえる"), ("below", "135未満"), ("at-or-below", "135以下")],
)
def test_a_limit_keeps_its_side(say, side, text):
    """At or above is not above."""
    assert say("{{ p.limit_text(side, '135') }}", side=side) == text


def test_values_that_are_missing_leave_no_sign(say):
    """Two limits of which one is unknown are one."""
    assert say("{{ p.bounds([none, 85.0], 1) }}").lstrip("/") == "85"
    assert (
        say("{{ p.joined([], 0) }}")
        == say("{{ p.listed([]) }}")
        == say("{{ p.names('category', []) }}")
        == ""
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "なし"), (119, "119秒"), (120, "2分"), (7199, "119分"), (7200, "2時間"), (172_800, "2日")],
)
def test_lengths_of_time_change_their_unit_where_people_do(say, count, text):
    """Below two of a unit the smaller one is read."""
    assert say("{{ p.seconds(n) }}", n=count) == text


def test_a_reason_says_what_it_was_before(say):
    """A trend needs both values; without a limit there are no brackets."""
    weight = say("{{ p.reason(r) }}", r=COMPONENTS.reasons[1])
    assert "65.1 → <b>68.4 kg</b>" in re.sub(r"\s+", " ", weight)
    assert "以上" not in weight
    assert say("{{ p.reason(r) }}", r=replace(COMPONENTS.reasons[0], text={"ja": "ことば"})) == "ことば"


def test_a_check_up_without_values_is_still_a_table(say):
    """Its region has a name and can be scrolled with the keyboard; a missing value is a word."""
    empty = CheckUp((), (), "information", (), (), (), "")
    table = say("{{ p.check_up_table(c) }}", c=empty)
    assert 'tabindex="0" role="region" aria-label="健診の結果の表"' in table
    assert "<tbody>\n</tbody>" in table
    full = say("{{ p.check_up_table(c) }}", c=COMPONENTS.check_up)
    assert '<td class="r gap">なし</td>' in full
    assert "<small>受診</small> 6.8" in full
    assert "40未満" in full


def test_a_chart_is_its_table(say):
    """Days without a value are said in the row, in the sentence and in the legend; scripts find the same numbers."""
    chart = say("{{ p.chart(c) }}", c=COMPONENTS.charts[0])
    assert chart.count("<tr data-x=") == 7
    assert "7日のうち6日に記録があります。" in chart
    assert "はかっていない日" in chart
    assert re.search(r'data-label="血圧のグラフ。同じ数字が下の表にあります。"', chart)
    weekly = say("{{ p.chart(c, opened=false) }}", c=COMPONENTS.charts[1])
    assert "3週のうち3週に記録があります。" in weekly
    assert "はかっていない" not in weekly.partition("data-chart=")[2].partition(">")[2]
    assert '<details class="details section__tables">' in weekly


def test_what_is_wrong_in_a_form_is_said_twice_and_joined(say):
    """Above it as an alert with ways to the fields, and at the field by what describes it; nothing wrong is nothing."""
    problems = {"weight": "out-of-range"}
    above = say("{{ p.problem_list(w, {'weight': '体重'}) }}", w=problems)
    assert 'role="alert" id="problems" tabindex="-1"' in above
    assert 'href="#weight">体重：' in above
    assert 'id="weight-err"' in say("{{ p.error_of(w, 'weight') }}", w=problems)
    assert say("<input{{ p.invalid(w, 'weight') }}>", w=problems).endswith(
        'aria-invalid="true" aria-describedby="weight-err">'
    )
    for none in ({}, None):
        nothing = "{{ p.problem_list(w, {}) }}{{ p.error_of(w, 'a') }}{{ p.invalid(w, 'a') }}"
        assert say(nothing, w=none) == ""


def test_a_proof_never_says_more_than_was_found(say):
    """Not checked yet is not well."""
    tones = [
        re.search(r"note--(\w+)", say("{{ p.proof(f) }}", f=found)).group(1) for found in COMPONENTS.proofs
    ]
    assert tones == ["notice", "ok", "alarm"]


def test_a_form_carries_the_token_of_its_page(say):
    """It is not shown, and it is the one of the frame."""
    assert say("{{ p.csrf() }}") == '<input type="hidden" name="csrf" value="form-token">'


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_an_icon_is_not_read_aloud(say, locale):
    """The word beside it is."""
    assert 'aria-hidden="true"' in say('{{ p.icon("heart") }}', locale)
