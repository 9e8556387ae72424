"""A table behind a URL: it is kept whole, asked for again, and every answer that is no table is told."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.errors import DatasetError, SettingsError
from ml.datasets.download import Downloads
from ml.settings import DownloadSettings
from tests.loopback import Answer, Asked, answering

TABLE = b"age,city\n30,Oslo\n"
ALLOWED = "s3cret"
CSV = {"Content-Type": "text/csv; charset=utf-8"}
PATH = "/data/customers.csv"


@dataclass(kw_only=True)
class Store:
    """A server of one file that knows its version, may want a token, and may fail so many times before it answers."""

    body: bytes = TABLE
    headers: dict[str, str] = field(default_factory=lambda: dict(CSV))
    version: str = ""
    token: str = ""
    failures: list[Answer] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Answer:
        if self.failures:
            return self.failures.pop(0)
        if self.token and asked.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(status=401)
        if self.version and asked.headers.get("if-none-match") == self.version:
            return Answer(status=304)
        return Answer(body=self.body, headers=self.headers | ({"ETag": self.version} if self.version else {}))


def _downloads(
    folder: Path,
    *,
    token: str = "",
    max_bytes: int = 10_000,
    watch: Callable[[str, int, int], None] = lambda _name, _done, _total: None,
    waits: list[float] | None = None,
) -> Downloads:
    settings = DownloadSettings(folder=folder / "data", token=token, max_bytes=max_bytes)
    return Downloads(settings, watch, sleep=([] if waits is None else waits).append)


def _refusal(folder: Path, reply: Callable[[Asked], Answer], path: str = PATH, **options: str | int) -> str:
    with answering(reply) as server, pytest.raises(DatasetError) as caught:
        _downloads(folder, **options).fetch(server.url + path)  # type: ignore[arg-type]  # of two kinds
    assert list((folder / "data").glob("*.csv")) == []
    return str(caught.value).replace(server.url, "URL")


def test_a_table_is_downloaded_whole_and_progress_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with answering(Store()) as server:
        path = _downloads(tmp_path, watch=lambda *news: told.append(news)).fetch(server.url + PATH)
    assert path.read_bytes() == TABLE
    assert (path.parent, path.suffix) == (tmp_path / "data", ".csv")
    assert told == [("customers.csv", len(TABLE), len(TABLE))]
    assert not list(path.parent.glob(".*"))


def test_a_server_that_packs_all_the_same_is_understood(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with answering(Store(body=gzip.compress(TABLE), headers=CSV | {"Content-Encoding": "gzip"})) as server:
        path = _downloads(tmp_path, watch=lambda *news: told.append(news)).fetch(server.url + PATH)
    assert path.read_bytes() == TABLE
    assert server.asked[0].headers["accept-encoding"] == "identity"
    assert told == []


def test_a_small_answer_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    packed = Store(body=gzip.compress(b"a\n" * 100_000), headers=CSV | {"Content-Encoding": "gzip"})
    assert "is larger than 10,000 bytes" in _refusal(tmp_path, packed)


def test_what_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    store = Store(version='"1"')
    with answering(store) as server:
        first = _downloads(tmp_path).fetch(server.url + PATH)
        written = first.stat().st_mtime_ns
        assert _downloads(tmp_path).fetch(server.url + PATH) == first
        assert first.stat().st_mtime_ns == written
        store.body, store.version = b"age,city\n31,Rome\n", '"2"'
        assert _downloads(tmp_path).fetch(server.url + PATH).read_bytes() == store.body
    assert [asked.headers.get("if-none-match") for asked in server.asked] == [None, '"1"', '"1"']


def test_the_time_of_the_last_change_is_asked_with_too(tmp_path: Path) -> None:
    when = "Wed, 01 Jan 2025 00:00:00 GMT"
    with answering(Store(headers={**CSV, "Last-Modified": when})) as server:
        for _ in range(2):
            _downloads(tmp_path).fetch(server.url + PATH)
    assert [asked.headers.get("if-modified-since") for asked in server.asked] == [None, when]


@pytest.mark.parametrize("spoil", ["table", "note"])
def test_a_copy_that_is_not_as_it_was_is_downloaded_anew(spoil: str, tmp_path: Path) -> None:
    with answering(Store(version='"1"')) as server:
        path = _downloads(tmp_path).fetch(server.url + PATH)
        (path if spoil == "table" else path.with_suffix(".json")).write_bytes(b"{")
        assert _downloads(tmp_path).fetch(server.url + PATH).read_bytes() == TABLE
    assert "if-none-match" not in server.asked[1].headers


def test_two_urls_are_two_files(tmp_path: Path) -> None:
    with answering(lambda asked: Answer(body=asked.path.encode() + str(asked.query).encode(), headers=CSV)) as server:
        urls = [f"{server.url}{path}" for path in ("/a.csv", "/b.csv", "/a.csv?month=2")]
        assert len({_downloads(tmp_path).fetch(url) for url in urls}) == 3


@pytest.mark.parametrize(
    ("said", "suffix"), [("text/csv", ".csv"), ("Application/vnd.apache.parquet; version=1", ".parquet")]
)
def test_a_url_without_a_suffix_is_read_as_the_server_says(said: str, suffix: str, tmp_path: Path) -> None:
    with answering(Store(headers={"Content-Type": said})) as server:
        assert _downloads(tmp_path).fetch(f"{server.url}/export?format=x").suffix == suffix


def test_a_file_of_no_known_kind_is_told(tmp_path: Path) -> None:
    said = _refusal(tmp_path, Store(headers={"Content-Type": "application/json"}), "/export?key=1")
    assert said.startswith("URL/export: answers with 'application/json'; name a URL that ends in .csv, ")


@pytest.mark.parametrize(
    "page",
    [
        Store(body=b"Please log in", headers={"Content-Type": "text/html; charset=utf-8"}),
        Store(body=b"\n<!DOCTYPE html><html>", headers=CSV),
        Store(body=b"<HTML>", headers={}),
    ],
)
def test_a_page_to_log_in_on_is_no_table(page: Store, tmp_path: Path) -> None:
    assert _refusal(tmp_path, page) == (
        f"URL{PATH}: answers with a web page, perhaps to log in on, and not with a table; "
        "name the file itself, and set DATASET_TOKEN if it needs one"
    )


CUT = Answer(body=TABLE, headers=CSV, promised=99)


@pytest.mark.parametrize("answer", [Answer(status=500), Answer(status=503), CUT])
def test_what_passes_is_tried_again(answer: Answer, tmp_path: Path) -> None:
    waits: list[float] = []
    with answering(Store(failures=[answer, answer])) as server:
        path = _downloads(tmp_path, waits=waits).fetch(server.url + PATH)
    assert path.read_bytes() == TABLE
    assert waits == [1, 2]


def test_a_server_that_asks_for_time_is_given_it(tmp_path: Path) -> None:
    waits: list[float] = []
    with answering(Store(failures=[Answer(status=429, headers={"Retry-After": "30"})])) as server:
        _downloads(tmp_path, waits=waits).fetch(server.url + PATH)
    assert waits == [30]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(status=503), "answers with status 503"),
        (Answer(body=TABLE, headers=CSV, promised=99), "nothing answers there, or it cuts the connection"),
    ],
)
def test_what_does_not_pass_ends_with_an_error_and_leaves_nothing(answer: Answer, words: str, tmp_path: Path) -> None:
    said = _refusal(tmp_path, lambda _: answer)
    assert said == f"URL{PATH}: {words}; check the address, and try again later"
    assert not list((tmp_path / "data").glob(".*"))


def test_old_rows_are_not_trained_on_unknowingly_when_the_server_is_away(tmp_path: Path) -> None:
    with answering(Store(version='"1"')) as server:
        path = _downloads(tmp_path).fetch(server.url + PATH)
    with pytest.raises(DatasetError) as caught:
        _downloads(tmp_path).fetch(server.url + PATH)
    assert "nothing answers there" in str(caught.value)
    assert "; try again later, or to train on the copy of " in str(caught.value)
    assert str(caught.value).endswith(f" all the same, let dataset.path name {path.resolve()}")


@pytest.mark.parametrize(
    ("status", "token", "words"),
    [
        (401, "", "wants a token (401); set DATASET_TOKEN to one that may read it"),
        (403, ALLOWED, "refuses the token of DATASET_TOKEN (403); set DATASET_TOKEN to one that may read it"),
        (404, "", "there is no such file (404); correct dataset.path in model.toml"),
        (410, "", "there is no such file (410); correct dataset.path in model.toml"),
        (418, "", "answers with status 418; dataset.path takes what a GET answers with 200"),
        (304, "", "answers with status 304; dataset.path takes what a GET answers with 200"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, token: str, words: str, tmp_path: Path) -> None:
    assert _refusal(tmp_path, lambda _: Answer(status=status), PATH + "?key=1", token=token) == f"URL{PATH}: {words}"


def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(tmp_path: Path) -> None:
    said = _refusal(tmp_path, Store(body=b"a\n" * 1000), max_bytes=1000)
    assert said == f"URL{PATH}: is larger than 1,000 bytes; set DATASET_MAX_BYTES to more"


def test_an_empty_file_is_no_table(tmp_path: Path) -> None:
    assert _refusal(tmp_path, Store(body=b"")) == f"URL{PATH}: answers with an empty file"


def test_the_token_goes_to_the_urls_own_host_only(tmp_path: Path) -> None:
    with answering(Store()) as other:
        moved = Answer(status=302, headers={"Location": f"{other.url}/x.csv?signature=1"})
        with answering(lambda _: moved) as server:
            assert _downloads(tmp_path, token=ALLOWED).fetch(server.url + PATH).read_bytes() == TABLE
    assert server.asked[0].headers["authorization"] == f"Bearer {ALLOWED}"
    assert "authorization" not in other.asked[0].headers


def test_a_redirection_on_the_same_host_keeps_the_token(tmp_path: Path) -> None:
    store = Store(token=ALLOWED, failures=[Answer(status=307, headers={"Location": "/elsewhere.csv"})])
    with answering(store) as server:
        assert _downloads(tmp_path, token=ALLOWED).fetch(server.url + PATH).read_bytes() == TABLE


def test_a_redirection_to_an_open_line_is_not_followed(tmp_path: Path) -> None:
    moved = Answer(status=302, headers={"Location": "http://data.example.org/a.csv"})
    assert _refusal(tmp_path, lambda _: moved) == (
        f"URL{PATH}: leads elsewhere, but Slipway takes an https URL (http only on this machine), "
        "found 'http://data.example.org/a.csv'"
    )


def test_a_redirection_from_an_open_line_to_another_kind_is_not_followed(tmp_path: Path) -> None:
    moved = Answer(status=302, headers={"Location": "https://data.example.org/a.csv"})
    assert _refusal(tmp_path, lambda _: moved) == f"URL{PATH}: leads to https; name the last address"


def test_redirections_without_an_end_are_left(tmp_path: Path) -> None:
    assert "leads from one address to the next" in _refusal(
        tmp_path, lambda _: Answer(status=302, headers={"Location": PATH})
    )


def test_a_url_that_may_not_be_asked_is_not(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"dataset\.path takes a URL without a name or password"):
        _downloads(tmp_path).fetch("https://me:secret@127.0.0.1/a.csv")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with answering(Store()) as server, pytest.raises(DatasetError, match=r"DATA_DIR .*/data cannot be written"):
        _downloads(tmp_path).fetch(server.url + PATH)


def test_the_checksum_of_a_download_is_that_of_its_bytes(tmp_path: Path) -> None:
    with answering(Store()) as server:
        path = _downloads(tmp_path).fetch(server.url + PATH)
    assert hashlib.sha256(TABLE).hexdigest() in path.with_suffix(".json").read_text()


def test_a_malformed_token_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        DownloadSettings.from_env({"DATASET_TOKEN": "two words", "DATASET_MAX_BYTES": "1"})
    assert "DATASET_TOKEN: takes one token, without spaces" in str(caught.value)
    assert "words" not in str(caught.value)
    assert "DATASET_MAX_BYTES: takes a whole number from 1000 to" in str(caught.value)


def test_settings_do_not_show_the_token() -> None:
    assert ALLOWED not in repr(DownloadSettings.from_env({"DATASET_TOKEN": ALLOWED}))
