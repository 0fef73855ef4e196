"""Passphrases: length counts; repetition, the own name, common words and rows of signs do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain import passphrases
from phr.errors import Invalid

CITY = ("からだ手帳 ときわの市",)


def refused_for(text):
    with pytest.raises(Invalid) as error:
        passphrases.passphrase(text, "nurse-07", CITY)
    assert error.value.field == "passphrase"
    return error.value.problem


@pytest.mark.parametrize("text", ["", "fourteen chars", "x" * 201])
def test_a_passphrase_of_the_wrong_length_is_refused(text):
    """NIST SP 800-63B-4: 15 at least where it is the only secret; long ones are taken to 200."""
    assert "characters" in refused_for(text)


@pytest.mark.parametrize(
    "text",
    [
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababababababab",
        "river walk river walk ",
        "かわのさんぽみちかわのさんぽみちか",
    ],
)
def test_a_passphrase_that_says_one_piece_again_and_again_is_refused(text):
    """Its length is only seeming."""
    assert "repeats" in refused_for(text)


def test_a_passphrase_with_the_own_name_is_refused():
    """The name is on the page of everybody who signs in."""
    assert "name" in refused_for("hello Nurse-07 of the town")


@pytest.mark.parametrize(
    "text",
    [
        "password password1!",
        "ｐａｓｓｗｏｒｄ－ｐａｓｓｐｈｒａｓｅ",
        "qwertyuiopasdfghjkl",
        "1qaz2wsx3edc4rfv",
        "abcdefghijklmnopqrst",
        "zyxwvutsrqponmlk",
        "12345678909876543210",
        "あいうえおかきくけこさしすせそ",
        "いろはにほへとちりぬるをわかよ",
        "パスワード・あいことば・ログイン",
        "からだ手帳ときわの市2026のログイン",
        "Welcome!!Admin!!Letmein!!2026",
        "- - - - - - - - . , : ; ! ? &",
    ],
)
def test_common_words_and_rows_of_signs_count_for_nothing(text):
    """What is left without them must still be half a passphrase; words of the city and the service are such words."""
    assert refused_for(text) in {"is made of common words or rows of signs", "repeats too few characters"}


@pytest.mark.parametrize(
    "text",
    [
        "川べりをゆっくり長く歩くのがすき",
        "a long walk along the river",
        "a long passphrase of nurse seven",
        "x7#Qm2!vRt9$Lp4&Zk",
    ],
)
def test_a_sentence_of_ones_own_is_taken(text):
    """A common word in it does no harm."""
    assert passphrases.passphrase(text, "nurse-07", CITY) == passphrases.as_typed(text)


def test_a_passphrase_is_kept_as_it_can_be_typed_again():
    """Full-width signs of a Japanese keyboard are the same signs."""
    assert passphrases.passphrase("ｆｉｆｔｅｅｎ ｌｅｔｔｅｒｓ！", "") == "fifteen letters!"
    assert passphrases.as_typed("ｆｉｆｔｅｅｎ ｌｅｔｔｅｒｓ！") == "fifteen letters!"


@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused_by_name(text):
    """Never another error, and what is taken is long enough."""
    try:
        kept = passphrases.passphrase(text, "nurse-07", CITY)
    except Invalid as error:
        kept = f"refused: {error.field}"
    assert kept == "refused: passphrase" or len(kept) >= 15


@given(st.sampled_from(passphrases.refused().words), st.integers(1, 12))
def test_a_common_word_written_many_times_is_never_taken(word, times):
    """However long it gets."""
    refused_for(f"{word} " * times)
