"""The page of files over the real service: plain forms, pieces that go on, refusals in words, nobody else's files."""

from __future__ import annotations

import asyncio
import base64
from hashlib import sha256
from uuid import uuid4

import httpx
import pytest

from tests.memory import growth
from tests.phr.services.scenes import stored
from tests.phr.services.sending import PRESSURES, a_city, everything
from tests.served import served

PAGE, PARTS = "/connect/files", "/connect/files/parts"
PIECE = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def town(database_url, clock, tmp_path):
    made = a_city(database_url, clock, tmp_path)
    yield made
    made.close()


@pytest.fixture
def app(town, city):
    return city.application(town)


def somebody(town, city, app, browse):
    """A signed-in browser of somebody who lets the city collect, with the token and who it is."""
    me = everything(town)
    town.accounts.put(me[1], "resident", recipient=f"Patient/{me[1]}", display="x", person=me[0], request="t")
    client = city.signed_in(town, app, browse, me[1], "resident")
    client.me, client.token = me, city.token_in(client.get(PAGE).text)
    return client


@pytest.fixture
def mine(town, city, app, browse):
    return somebody(town, city, app, browse)


@pytest.fixture
def other(town, city, app, browse):
    return somebody(town, city, app, browse)


def form(client, name, body, token=None):
    """Sends the plain form as a browser without scripts."""
    fields = {"csrf": client.token if token is None else token}
    return client.post(PAGE, data=fields, files={"file": (name, body, "application/octet-stream")})


def ask(client, method, address, body=b"", **headers):
    """What the script of the page asks."""
    given = {"X-CSRF-Token": client.token, "Tus-Resumable": "1.0.0", **headers}
    return asyncio.run(client._send(method, address, content=body, headers=given))


def announced(client, size, name="bp.csv", **told):
    words = {"filename": name, **told}
    text = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in words.items())
    return ask(client, "POST", PARTS, **{"Upload-Length": str(size), "Upload-Metadata": text})


def piece(client, address, offset, body, **headers):
    return ask(client, "PATCH", address, body, **{**PIECE, "Upload-Offset": str(offset), **headers})


def checksum(body):
    return {"Upload-Checksum": f"sha256 {base64.b64encode(sha256(body).digest()).decode()}"}


def test_a_file_is_sent_without_any_script(mine, town):
    """A form, an answer in words, and after the job the counts."""
    answer = form(mine, "血圧 6月.csv", PRESSURES)
    assert answer.status_code == 303
    page = mine.get(answer.headers["location"]).text
    assert "受け取りました" in page
    assert "血圧 6月.csv" in page
    assert "読みこみを待っています" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    town.upload_jobs.round(request="t")
    page = mine.get(PAGE).text
    assert "読みこみました" in page
    assert "20件" in page
    assert "http-equiv" not in page
    assert len(stored(town, mine.me[0])[0]) == 20


def test_a_file_goes_on_after_a_lost_line(mine):
    """Announced again, it is the same one; each answer says where it ends."""
    first = announced(mine, len(PRESSURES), fingerprint="f")
    assert (first.status_code, first.headers["upload-offset"]) == (201, "0")
    address = first.headers["location"]
    assert piece(mine, address, 0, PRESSURES[:100]).headers["upload-offset"] == "100"
    again = announced(mine, len(PRESSURES), fingerprint="f")
    assert (again.headers["location"], again.headers["upload-offset"]) == (address, "100")
    asked = ask(mine, "HEAD", address)
    assert (asked.status_code, asked.headers["upload-offset"], asked.headers["upload-length"]) == (
        200,
        "100",
        str(len(PRESSURES)),
    )
    assert "途中まで届いています" in mine.get(PAGE).text
    last = piece(mine, address, 100, PRESSURES[100:], **checksum(PRESSURES[100:]))
    assert (last.status_code, last.headers["x-upload-state"]) == (204, "waiting")


def test_an_aborted_piece_keeps_what_came(mine, app):
    """The line breaks in the middle: the next question says how much is here."""
    address = announced(mine, len(PRESSURES)).headers["location"]
    headers = [
        (b"content-type", PIECE["Content-Type"].encode()),
        (b"upload-offset", b"0"),
        (b"x-csrf-token", mine.token.encode()),
        (b"cookie", "; ".join(f"{c.name}={c.value}" for c in mine.cookies.jar).encode()),
        (b"host", b"127.0.0.1"),
    ]
    scope = {"type": "http", "method": "PATCH", "path": address, "raw_path": address.encode(), "headers": headers,
             "query_string": b"", "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 80),
             "client": ("127.0.0.1", 1), "root_path": ""}  # fmt: skip
    said = [{"type": "http.request", "body": PRESSURES[:150], "more_body": True}, {"type": "http.disconnect"}]

    async def receive():
        return said.pop(0) if said else {"type": "http.disconnect"}

    async def send(_message):
        return

    asyncio.run(app(scope, receive, send))
    assert ask(mine, "HEAD", address).headers["upload-offset"] == "150"
    assert piece(mine, address, 150, PRESSURES[150:]).headers["x-upload-state"] == "waiting"


def test_wrong_pieces_are_refused_with_their_word(mine):
    """Offset, digest, kind, and more than was announced; none of them changes the file."""
    address = announced(mine, 10).headers["location"]
    assert (piece(mine, address, 3, b"x").status_code, piece(mine, address, 3, b"x").text) == (409, "offset")
    damaged = piece(mine, address, 0, b"abc", **checksum(b"abd"))
    assert (damaged.status_code, damaged.text) == (460, "digest")
    assert piece(mine, address, 0, b"abc", **{"Upload-Checksum": "md5 xxxx"}).status_code == 422
    assert piece(mine, address, 0, b"abc", **{"Content-Type": "text/plain"}).status_code == 415
    assert piece(mine, address, 0, b"x" * 11).status_code == 413
    assert ask(mine, "HEAD", address).headers["upload-offset"] == "0"
    whole = announced(mine, 10, fingerprint="f")
    assert (whole.status_code, whole.text) == (409, "another")
    assert ask(mine, "DELETE", address).status_code == 204
    assert announced(mine, 3, sha256="0" * 64).status_code == 201


def test_a_whole_file_with_another_digest_is_refused(mine):
    """The digest that was announced is checked at the end."""
    address = announced(mine, 3, sha256="0" * 64).headers["location"]
    answer = piece(mine, address, 0, b"abc")
    assert (answer.status_code, answer.text) == (460, "digest")
    assert "途中でこわれて届いた" in mine.get(PAGE).text


@pytest.mark.parametrize(
    ("size", "status", "word"), [(10**12, 413, "too-large"), (0, 422, "empty"), (-1, 422, None)]
)
def test_limits_are_said_before_anything_is_sent(mine, size, status, word):
    """Nobody sends gigabytes for nothing."""
    answer = announced(mine, size)
    assert answer.status_code == status
    if word:
        assert answer.text == word


def test_a_plain_form_says_limits_in_words(mine, database_url, clock, tmp_path, city, browse):
    """The page with the sentence, and the status of HTTP."""
    small = a_city(database_url, clock, tmp_path, upload_largest_mb=1)
    client = somebody(small, city, city.application(small), browse)
    answer = form(client, "a.csv", b"x" * 1_100_000)
    assert answer.status_code == 413
    assert "大きすぎて" in answer.text
    assert not list((tmp_path / "uploads").glob("*/*"))
    full = a_city(database_url, clock, tmp_path, upload_reserve_mb=10**9)
    answer = form(somebody(full, city, city.application(full), browse), "a.csv", b"x")
    assert answer.status_code == 507
    assert "置く場所がありません" in answer.text
    assert form(mine, "", b"").status_code == 422
    assert form(mine, "a.csv", b"").status_code == 422
    small.close()
    full.close()


def test_forms_and_pieces_without_the_token_are_refused(mine, town, tmp_path):
    """Another site has the cookie but not the token, and nothing of its file reaches the disk."""
    assert form(mine, "a.csv", PRESSURES, token="wrong").status_code == 403
    assert form(mine, "a.csv", PRESSURES, token="").status_code == 403
    address = announced(mine, 10).headers["location"]
    good, mine.token = mine.token, "wrong"
    assert announced(mine, 10).status_code == 403
    assert piece(mine, address, 0, b"x").status_code == 403
    assert ask(mine, "DELETE", address).status_code == 403
    assert mine.post(f"{PAGE}/{address.rsplit('/', 1)[1]}/end", data={"csrf": "wrong"}).status_code == 403
    mine.token = good
    assert ask(mine, "HEAD", address).headers["upload-offset"] == "0"
    assert not list(tmp_path.glob("uploads/*/*"))


def test_a_file_before_its_token_is_refused(mine):
    """The token stands first, so that nothing is written for strangers."""
    boundary = "b" * 20
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nx\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{mine.token}\r\n--{boundary}--\r\n'
    )
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    assert mine.post(PAGE, content=body.encode(), headers=headers).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        b"--bbb\r\nContent-Disposition: form-data; name=csrf\r\n\r\n" + b"x" * 2000 + b"\r\n--bbb--\r\n",
        b"--bbb\r\n" + b"A: b\r\n" * 50 + b"\r\nx\r\n--bbb--\r\n",
    ],
)
def test_what_is_no_such_form_is_one_clear_refusal(mine, body):
    """Never an error of ours."""
    headers = {"content-type": "multipart/form-data; boundary=bbb"}
    assert mine.post(PAGE, content=body, headers=headers).status_code in {403, 422}
    assert mine.post(PAGE, content=body, headers={"content-type": "text/plain"}).status_code == 422


def test_a_form_that_is_cut_off_leaves_nothing(mine, tmp_path):
    """A plain form cannot go on."""
    boundary = "b" * 20
    start = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{mine.token}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nhalf'
    )
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    assert mine.post(PAGE, content=start.encode(), headers=headers).status_code == 422
    assert not list(tmp_path.glob("uploads/*/*"))
    second = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="f"; filename="b"\r\n\r\nx\r\n--{boundary}--'
    assert mine.post(PAGE, content=(start + second).encode(), headers=headers).status_code == 422
    assert "あなたがやめました" in mine.get(PAGE).text


def test_somebody_elses_upload_looks_like_none(mine, other):
    """The same answer as for an id that never was."""
    address = announced(mine, 10).headers["location"]
    for there in (address, f"{PARTS}/{uuid4()}", f"{PARTS}/nonsense"):
        assert ask(other, "HEAD", there).status_code == 404
        assert piece(other, there, 0, b"x").status_code == 404
        assert ask(other, "DELETE", there).status_code == 404
        ended = other.post(f"{PAGE}/{there.rsplit('/', 1)[1]}/end", data={"csrf": other.token})
        assert ended.headers["location"] == PAGE
    assert "bp.csv" not in other.get(PAGE).text
    assert ask(mine, "HEAD", address).headers["x-upload-state"] == "receiving"


def test_a_person_ends_a_file(mine):
    """With the button of the list."""
    address = announced(mine, 10).headers["location"]
    answer = mine.post(f"{PAGE}/{address.rsplit('/', 1)[1]}/end", data={"csrf": mine.token})
    page = mine.get(answer.headers["location"]).text
    assert "やめました。送ったファイルは消しました" in page
    assert "あなたがやめました" in page


@pytest.mark.parametrize("name", ["../../../etc/cron.d/x.csv", "..\\..\\x.csv", "/etc/x.csv", "x\x01<b>.csv"])
def test_a_name_leads_nowhere(mine, tmp_path, name):
    """The file lies where every file lies, and the page shows no markup of it."""
    assert announced(mine, len(PRESSURES), name).status_code == 201
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    address = ask(mine, "HEAD", announced_address(mine)).request.url.path
    piece(mine, address, 0, PRESSURES)
    (made,) = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert made.parent.parent == tmp_path / "uploads"
    assert "<b>" not in mine.get(PAGE).text


def announced_address(client):
    """Where the upload under way is."""
    page = client.get(PAGE).text
    return f"{PARTS}/{page.split(PAGE + '/')[1].split('/end')[0]}"


def test_an_unknown_file_gets_a_sentence_and_the_list_of_what_can_be_read(mine):
    """The list is open."""
    answer = form(mine, "x.pdf", b"%PDF-1.7")
    page = mine.get(answer.headers["location"]).text
    assert "知らない種類のファイルです" in page
    assert '<details class="details" open><summary>読めるファイル' in page
    assert "Apple" in page


def test_without_a_consent_the_page_says_where_to_give_it(town, city, app, browse):
    """And takes nothing."""
    _person, patient = city.a_resident(town)
    client = city.signed_in(town, app, browse, patient, "resident")
    page = client.get(PAGE).text
    assert "先に「共有」で「機器からの取りこみ」を始めてください" in page
    client.token = city.token_in(page)
    assert form(client, "a.csv", PRESSURES).status_code == 403
    answer = announced(client, 10)
    assert (answer.status_code, answer.text) == (403, "no-consent")


def test_the_list_alone_can_be_asked_for_and_leaves_no_row_each_time(mine, admin):
    """The page looks every few seconds while something is read."""
    form(mine, "bp.csv", PRESSURES)

    def rows():
        return admin.execute(
            "SELECT count(*) FROM phr.audit_event WHERE person_id = %s", (mine.me[0],)
        ).fetchone()

    before = rows()
    part = mine.get(f"{PAGE}/list")
    assert part.status_code == 200
    assert "data-busy" in part.text
    assert "<html" not in part.text
    assert rows() == before


def test_nobody_and_staff_see_no_files(town, city, app, browse):
    """The page of residents."""
    assert browse(app).get(PAGE).status_code == 303
    nurse = city.signed_in(town, app, browse, city.a_member(town, "nurse"), "nurse")
    assert nurse.get(PAGE).status_code == 404
    assert nurse.get(f"{PAGE}/list").status_code == 404


@pytest.mark.slow
def test_two_hundred_megabytes_pass_in_bounded_memory(
    mine, app, town, database_url, clock, tmp_path, city, browse
):
    """They go to the disk as they arrive."""
    large = a_city(database_url, clock, tmp_path, upload_largest_mb=1000)
    client = somebody(large, city, city.application(large), browse)
    size, boundary = 200 << 20, "b" * 20
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{client.token}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()

    async def body():
        yield head
        for _ in range(size >> 16):
            yield b"\0" * 65_536
        yield tail

    headers = {
        "content-type": f"multipart/form-data; boundary={boundary}",
        "content-length": str(len(head) + size + len(tail)),
    }
    with growth() as grown:
        answer = asyncio.run(streamed(client, body(), headers))
    assert answer.headers["location"].endswith("refused")  # zeros are no format
    assert grown[0] < 60, f"{grown[0]} MB"
    large.close()


async def streamed(client, body, headers):
    """Through a server on loopback: the transport of the other tests holds a body in memory."""
    cookies = {c.name: c.value for c in client.cookies.jar}
    with served(client.transport.app) as address:
        async with httpx.AsyncClient(cookies=cookies, timeout=120) as line:
            return await line.post(f"{address}{PAGE}", content=body, headers=headers)
