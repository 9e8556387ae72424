"""How a file of texts is written, told from the file alone."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from core.errors import DatasetError
from ml.adopt.sniffing import find_delimiter, sniff_form
from ml.datasets.form import TableForm

GERMAN = "Größe;Straße;Name\n1;Königsallee;Jörg Müller\n2;Überseering;Änne Weiß\n"
FRENCH = "élève;école;été\n1;Saint-Étienne;déjà vu\n2;Besançon;où ça\n"
RUSSIAN = "город;имя;возраст\nМосква;Иван;30\nСанкт-Петербург;Мария;40\nНовосибирск;Ольга;50\n"  # noqa: RUF001  # Cyrillic on purpose
POLISH = "miasto;imię;wiek\nŁódź;Łukasz Wiśniewski;30\nGdańsk;Małgorzata;40\nPoznań;Żaneta Wójcik;50\n"
JAPANESE = "都市;名前;年齢\n東京都新宿区;山田太郎さん;30\n大阪市北区;鈴木花子さん;40\n名古屋市;佐藤次郎さん;50\n"


def _sniff(folder: Path, content: bytes) -> tuple[TableForm, tuple[str, ...]]:
    path = folder / "data.csv"
    path.write_bytes(content)
    return sniff_form([path])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "cp1252"),
        (FRENCH, "cp1252"),
        (RUSSIAN, "cp1251"),
        (POLISH, "cp1250"),
        (JAPANESE, "cp932"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        ("a;b\n1;5 € – “new”\n2;6 €\n", "cp1252"),  # noqa: RUF001  # a dash on purpose
    ],
)
def test_an_encoding_is_found_by_what_the_text_then_says(text: str, encoding: str, tmp_path: Path) -> None:
    form, remarks = _sniff(tmp_path, text.encode(encoding))
    assert text.encode(encoding).decode(form.encoding) == text
    assert form.delimiter == ";"
    assert bool(remarks) == (not encoding.startswith("utf"))


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_a_mark_of_the_byte_order_tells_the_encoding(mark: bytes, encoding: str, tmp_path: Path) -> None:
    form, remarks = _sniff(tmp_path, mark + GERMAN.encode(encoding))
    assert (form.encoding, remarks) == (encoding[: len("utf-8") if mark == codecs.BOM_UTF8 else len("utf-16")], ())


def test_a_byte_far_into_a_file_counts_too(tmp_path: Path) -> None:
    form, _ = _sniff(tmp_path, b"a;b\n" + b"1;x\n" * 3_000_000 + "2;Köln\n".encode("cp1252"))
    assert form.encoding == "cp1252"


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,5\t2,5\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ('a,b\n"x;y;z","1;2;3"\n"u;v;w","3;4;5"\n', ","),
        ('"a;b";c\n"x;y";1\n', ";"),
        ("price, eur;weight, kg\n1,5;2,5\n3,5;4\n", ";"),
        ("name,text\na,one; two; three\nb,four; five; six\n", ","),
        ("a,b\n1,2,\n3,4,\n", ","),
        ('a,b\n"x\ny",2\n"z\n\nw",3\n', ","),
        ("a,b\n", ","),
        ("a\n1\n", ","),
        ("", ","),
    ],
)
def test_a_delimiter_is_what_cuts_all_rows_alike(text: str, delimiter: str) -> None:
    assert find_delimiter(text) == delimiter


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\x89PNG\r\n\x1a\n\0\0\xd8\0\xd8\0", "no text has; save the table"), (b"PK\x03\x04\0\0", "an Excel workbook")],
)
def test_what_is_no_text_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=words):
        sniff_form([path])
