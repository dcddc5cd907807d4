"""Addresses of source systems: where they are looked up, and that they do not show their secrets."""

from pathlib import Path

import pytest

from govpipes.errors import SourceError
from govpipes.settings import Settings
from govpipes.sources import System, resolve

SECRET = "systems: {tax: {url: 'postgresql://r:s3cret@127.0.0.1:1/x'}}"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "data" / "systems.yaml").write_text("systems: {reference: {url: 'file:reference'}}", encoding="utf-8")
    return tmp_path / "data"


def test_the_nearest_address_counts(data: Path) -> None:
    settings = Settings(home=data.parent / "home")
    assert resolve(settings, data, "reference").url == f"file:{data}/reference"
    settings.systems_file.write_text("systems: {reference: {url: 'file:/srv/ref'}}", encoding="utf-8")
    assert resolve(settings, data, "reference").url == "file:/srv/ref"
    settings = Settings(home=data.parent / "home", systems={"reference": "file:///mnt/ref"})
    assert resolve(settings, data, "reference").folder == Path("/mnt/ref")


def test_an_unknown_system_names_the_known(data: Path) -> None:
    with pytest.raises(SourceError, match=r"referense has no address\n.*nearest: reference.*") as caught:
        resolve(Settings(home=data.parent / "home"), data, "referense")
    assert "GOVPIPES_SYSTEM_REFERENSE" in str(caught.value)


def test_secrets_are_not_shown(data: Path) -> None:
    settings = Settings(home=data.parent / "home")
    settings.systems_file.write_text(SECRET, encoding="utf-8")
    system = resolve(settings, data, "tax")
    assert "s3cret" not in repr(system) + system.shown
    for broken in (SECRET + "}", "a: 's3cret'", "systems: {tax: s3cret}"):
        settings.systems_file.write_text(broken, encoding="utf-8")
        with pytest.raises(SourceError) as caught:
            resolve(settings, data, "tax")
        assert "s3cret" not in str(caught.value)


def test_an_address_that_is_none(data: Path) -> None:
    with pytest.raises(SourceError, match="cannot be understood"):
        _ = System("x", "what is s3cret").parts


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("postgres://h/x", "postgresql"),
        ("postgresql+psycopg://h/x", "postgresql"),
        ("mysql+pymysql://h/x", "mysql"),
        ("file:/x", "file"),
        ("oracle://h/x", "oracle"),
    ],
)
def test_the_kind_of_an_address(url: str, scheme: str) -> None:
    assert System("x", url).scheme == scheme
