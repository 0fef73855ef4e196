"""The settings file: one clear error that names the key, never a value; secrets that others may read are refused."""

from __future__ import annotations

import pytest

from ingest.errors import BadPayload, Permanent
from ingest.gateway.readings import Anyone
from ingest.gateway.settings import load, tls, token
from tests.ingest.gateway.box import settings_of, written
from tests.ingest.gateway.service import CARD, OTHER, TOKEN

CUFF = '[[device]]\nname = "cuff"\naddress = "C0:00:00:00:00:09"\n'


def refused(folder, text, **server):
    with pytest.raises(BadPayload) as error:
        load(written(folder, text=text, **server))
    assert CARD not in str(error.value)
    return error.value.field, str(error.value)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[box]\nzome = 'x'", "box.zome"),
        ("[box]\nzone = 'Mars/Base'", "box.zone"),
        ("[box]\nquiet = 0", "box.quiet"),
        ("[box]\nzone = 3", "box.zone"),
        ("[surprise]", "surprise"),
        ("limit_mb = 1", "spool.limit_mb"),
        ("reserve_mb = 400", "spool.reserve_mb"),
        ("keep_days = 0", "spool.keep_days"),
        ("[cards]\nseconds = 5", "cards.seconds"),
        ('[[device]]\nname = "cuff"', "device[0].address"),
        ('[[device]]\nname = "cuff"\naddress = "here"', "device[0].address"),
        ('[[device]]\nname = " "\naddress = "C0:00:00:00:00:09"', "device[0].name"),
        (CUFF + CUFF, "device[1].name"),
        (CUFF + CUFF.replace('"cuff"', '"two"'), "device[1].address"),
        (CUFF + 'system_id = "xyz"', "device[0].system_id"),
        (CUFF + f'people = {{left = "{CARD}"}}', "device[0].people"),
        (CUFF + f'people = {{any = "{CARD}1"}}', "device[0].people"),
        (CUFF + "consents = {1 = 12345}", "device[0].consents"),
        (CUFF + f'shared = true\npeople = {{any = "{CARD}"}}', "device[0].people"),
        (CUFF + "shared = true", "cards.reader"),
        ("= no toml", "file"),
    ],
)
def test_a_wrong_key_is_named(tmp_path, text, field):
    """Whoever writes the file sees at once where."""
    assert refused(tmp_path, text)[0] == field


@pytest.mark.parametrize(
    ("server", "field"),
    [
        ({"batch": 0}, "server.batch"),
        ({"cert": "x"}, "server.key"),
        ({"key": "x"}, "server.cert"),
        ({"verify": False}, "server.verify"),
    ],
)
def test_a_wrong_server_is_named(tmp_path, server, field):
    """There is no way to switch the checking of certificates off."""
    settings = {key: "false" if value is False else value for key, value in server.items()}
    assert refused(tmp_path, "", **settings)[0] == field


@pytest.mark.parametrize(
    "url",
    [
        "http://record.example.jp/fhir",
        "ftp://127.0.0.1",
        "https://",
        "https://u:p@x.jp/fhir",
        "https://x.jp/fhir?a=b",
        "https://[x",
    ],
)
def test_readings_go_nowhere_but_over_tls(tmp_path, url):
    """Except on this machine."""
    with pytest.raises(BadPayload) as error:
        load(written(tmp_path, url))
    assert error.value.field == "server.url"
    assert load(written(tmp_path, "https://record.example.jp/fhir")).server.url


def test_a_box_shows_who_it_is(tmp_path):
    """A token or a certificate."""
    path = written(tmp_path)
    path.write_text(path.read_text().replace("token_file", "#"))
    with pytest.raises(BadPayload, match="needs a token"):
        load(path)
    with pytest.raises(BadPayload, match="cannot be read"):
        load(tmp_path / "none")


def test_cards_in_a_file_that_everybody_reads_are_refused(tmp_path):
    """A card opens a person's record for writing."""
    path = written(tmp_path, text=CUFF + f'people = {{any = "{CARD}"}}')
    assert load(path).device[0].people
    path.chmod(0o644)
    with pytest.raises(BadPayload, match="chmod"):
        load(path)


def test_devices_have_their_people(tmp_path):
    """From the file, and from those who enrolled at the box."""
    text = f'[cards]\nreader = "stdin"\n{CUFF}people = {{any = "{CARD}"}}\nconsents = {{1 = 1234}}\n'
    text += '[[device]]\nname = "scale"\naddress = "c0:00:00:00:00:0a"\nshared = true\n'
    first, second = settings_of(tmp_path, text=text).devices({"cuff": {2: OTHER}})
    assert (first.people, first.consents) == ({None: CARD, 2: OTHER}, {1: 1234})
    assert (second.address, isinstance(second.people, Anyone)) == ("C0:00:00:00:00:0A", True)


def test_a_token_that_others_may_read_is_refused(tmp_path, monkeypatch):
    """Unless systemd handed it over, which keeps it by other means."""
    server = settings_of(tmp_path).server
    assert token(server) == TOKEN
    (tmp_path / "token").chmod(0o640)
    with pytest.raises(Permanent, match="chmod 600"):
        token(server)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    server.token_file = "${CREDENTIALS_DIRECTORY}/token"
    assert token(server) == TOKEN
    for text in ("", "two words", "\x00"):
        (tmp_path / "token").write_text(text)
        with pytest.raises(Permanent, match="no token"):
            token(server)
    (tmp_path / "token").write_bytes(b"\xff")
    with pytest.raises(Permanent, match="cannot be read"):
        token(server)


def test_a_certificate_that_cannot_be_read_is_told(tmp_path):
    """By the keys of the settings."""
    server = settings_of(tmp_path).server
    server.ca = str(tmp_path / "none.pem")
    with pytest.raises(Permanent, match=r"server\.ca"):
        tls(server)
