from pathlib import Path

import pytest

from router.settings import BadSetting, Settings, read_settings, read_variable


def test_an_empty_environment_has_sensible_settings() -> None:
    """Loopback, SQLite in the working directory, the providers' own addresses, and no keys."""
    settings = read_settings({})

    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8080, 1)
    assert settings.database_path == Path("farebox.db")
    assert {name: one.url for name, one in settings.providers.items()} == {
        "shortapi": "https://api.shortapi.ai",
        "runpod": "https://api.runpod.ai",
    }
    assert [one.key for one in settings.providers.values()] == [None, None]
    assert (settings.policy, settings.public_url, settings.log) == (None, None, None)


def test_every_variable_is_read() -> None:
    """Each of the published variables has its place; slashes at the end of URLs are taken off."""
    settings = read_settings(
        {
            "SHORTAPI_KEY": "ak-1",
            "RUNPOD_API_KEY": "rpa-2",
            "FAREBOX_SHORTAPI_URL": "http://127.0.0.1:9001/",
            "FAREBOX_RUNPOD_URL": "https://r.example",
            "FAREBOX_POLICY": "mine.yaml",
            "FAREBOX_DATABASE": "sqlite:////var/lib/farebox/books.db",
            "FAREBOX_HOST": "0.0.0.0",
            "FAREBOX_PORT": "9090",
            "FAREBOX_WORKERS": "3",
            "FAREBOX_PUBLIC_URL": "https://farebox.example/",
            "FAREBOX_LOG": "json",
            "FAREBOX_ADMIN_KEY": "an-admin-key-of-its-own",
            "FAREBOX_ALERT_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
            "FAREBOX_FETCH_ALLOW": "minio, 10.0.0.0/8,",
            "FAREBOX_EGRESS_PROXY": "http://proxy:3128",
        }
    )

    assert settings.providers["shortapi"].url == "http://127.0.0.1:9001"
    assert settings.providers["runpod"].key == "rpa-2"
    assert settings.policy == Path("mine.yaml")
    assert settings.database_path == Path("/var/lib/farebox/books.db")
    assert (settings.host, settings.port, settings.workers) == ("0.0.0.0", 9090, 3)
    assert settings.public_url == "https://farebox.example"
    assert (settings.log, settings.admin_key) == ("json", "an-admin-key-of-its-own")
    assert settings.alert_secret == b"012345678901234567890123"
    assert "MDEy" not in repr(settings)
    assert settings.fetch_allow == ("minio", "10.0.0.0/8")
    assert settings.egress_proxy == "http://proxy:3128"


def test_secrets_are_read_from_files_and_shown_nowhere(tmp_path: Path) -> None:
    """A container's secret is a file; neither way does it stand in the settings' words."""
    secret = tmp_path / "key"
    secret.write_text("ak-from-a-file\n", "utf-8")

    settings = read_settings(
        {"SHORTAPI_KEY_FILE": str(secret), "FAREBOX_ADMIN_KEY": "hush-hush-hush-hush"}
    )

    assert settings.providers["shortapi"].key == "ak-from-a-file"
    assert "ak-from-a-file" not in repr(settings)
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"SHORTAPI_KEY": "ak-1\nak-2"}, "SHORTAPI_KEY must be printable ASCII"),
        ({"RUNPOD_API_KEY": "rpa 2"}, "RUNPOD_API_KEY must be printable ASCII"),
        ({"FAREBOX_ADMIN_KEY": "a-key with spaces in it"}, "FAREBOX_ADMIN_KEY must be printable"),
        ({"FAREBOX_ADMIN_KEY": "schlüssel-von-allem"}, "FAREBOX_ADMIN_KEY must be printable"),
        ({"FAREBOX_ADMIN_KEY": "fifteen-letters"}, "FAREBOX_ADMIN_KEY must have at least 16"),
        ({"FAREBOX_SHORTAPI_URL": "https://"}, "FAREBOX_SHORTAPI_URL must be an http or https"),
        ({"FAREBOX_RUNPOD_URL": "https://r.example:port"}, "FAREBOX_RUNPOD_URL must be an http"),
        ({"FAREBOX_PUBLIC_URL": "farebox.example"}, "FAREBOX_PUBLIC_URL must be an http or"),
        ({"FAREBOX_EGRESS_PROXY": "http://a b"}, "FAREBOX_EGRESS_PROXY must be an http or"),
        ({"FAREBOX_PORT": "http"}, "FAREBOX_PORT must be a whole number, not 'http'"),
        ({"FAREBOX_LOG": "loud"}, "FAREBOX_LOG must be text or json, not 'loud'"),
        ({"FAREBOX_RUNPOD_URL": "r.example"}, "FAREBOX_RUNPOD_URL must be an http or https URL"),
        ({"SHORTAPI_KEY_FILE": "/nowhere/key"}, "SHORTAPI_KEY_FILE cannot be read"),
        ({"SHORTAPI_KEY": "a", "SHORTAPI_KEY_FILE": "b"}, "SHORTAPI_KEY and SHORTAPI_KEY_FILE are"),
    ],
)
def test_what_cannot_be_meant_is_told(variables: dict[str, str], told: str) -> None:
    """The variable is named, and what it should be."""
    with pytest.raises(BadSetting, match=told):
        read_settings(variables)


def test_an_admin_key_is_not_told_nor_longer_than_it_must_be() -> None:
    """Sixteen characters are enough; of a shorter one nothing stands in the mistake."""
    assert read_settings({"FAREBOX_ADMIN_KEY": "sixteen-letters!"}).admin_key == "sixteen-letters!"
    with pytest.raises(BadSetting) as raised:
        read_settings({"FAREBOX_ADMIN_KEY": "fifteen-letters"})
    assert "fifteen" not in str(raised.value)


VARIABLES: dict[str, str] = {
    "SHORTAPI_KEY": "ak-1",
    "RUNPOD_API_KEY": "rpa-2",
    "FAREBOX_SHORTAPI_URL": "http://127.0.0.1:9001",
    "FAREBOX_RUNPOD_URL": "https://r.example",
    "FAREBOX_POLICY": "mine.yaml",
    "FAREBOX_DATABASE": "sqlite:///books.db",
    "FAREBOX_HOST": "::1",
    "FAREBOX_PORT": "9090",
    "FAREBOX_WORKERS": "3",
    "FAREBOX_PUBLIC_URL": "https://farebox.example",
    "FAREBOX_LOG": "json",
    "FAREBOX_ADMIN_KEY": "an-admin-key-of-its-own",
    "FAREBOX_FETCH_ALLOW": "minio,10.0.0.0/8",
    "FAREBOX_EGRESS_PROXY": "http://proxy:3128",
}


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_may_be_in_a_file(tmp_path: Path, name: str) -> None:
    """It then means the same; both at once, or an empty file, cannot be meant."""
    file = tmp_path / "value"
    file.write_text(f"{VARIABLES[name]}\n", "utf-8")
    in_a_file = {f"{name}_FILE": str(file)}

    assert read_settings(in_a_file) == read_settings({name: VARIABLES[name]}) != read_settings({})
    with pytest.raises(BadSetting, match=f"{name} and {name}_FILE are both set: set one of them"):
        read_settings({**in_a_file, name: VARIABLES[name]})
    file.write_text("\n", "utf-8")
    with pytest.raises(BadSetting, match=f"{name}_FILE names a file that is empty"):
        read_settings(in_a_file)


def test_a_single_variable_is_read_in_the_same_way(tmp_path: Path) -> None:
    """For what only commands need."""
    (tmp_path / "key").write_text("fbx_1\n", "utf-8")

    assert read_variable({"FAREBOX_KEY": "fbx_2"}, "FAREBOX_KEY") == "fbx_2"
    assert read_variable({"FAREBOX_KEY_FILE": str(tmp_path / "key")}, "FAREBOX_KEY") == "fbx_1"
    assert read_variable({"FAREBOX_KEY": ""}, "FAREBOX_KEY") is None


@pytest.mark.parametrize("database", ["postgresql://books", "farebox.db", "sqlite:///"])
def test_a_database_that_cannot_be_served_is_told(database: str) -> None:
    """PostgreSQL is not served yet, and a path is not a URL."""
    with pytest.raises(BadSetting, match="sqlite:///"):
        _ = Settings(providers={}, database=database).database_path


@pytest.mark.parametrize(
    "text",
    [
        "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
        "whsec_MDEyMzQ1Njc4",
        "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI!",
        "whsec_" + "MDEy" * 22,
    ],
)
def test_a_secret_for_alerts_is_as_receivers_take_it(text: str) -> None:
    """Neither too short nor too long; what is wrong with it is told without it."""
    with pytest.raises(BadSetting, match="must be whsec_ and 24 to 64 random bytes") as refusal:
        read_settings({"FAREBOX_ALERT_SECRET": text})
    assert "MDEy" not in str(refusal.value)
