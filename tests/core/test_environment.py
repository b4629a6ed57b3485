from dataclasses import replace
from typing import Any

import pytest

from spacectl.core.environment import Given, argv, environment, expand, inheritable, url_name
from spacectl.model.manifest import SpaceManifest

GIVEN = Given(
    system="shop",
    instance="abc",
    number=2,
    data_dir="/shop/.spacectl/data/orders",
    nats_url="nats://orders:secret@127.0.0.1:4222",
    inbox_prefix="_INBOX.orders",
    port=20001,
    urls={"catalog": "http://127.0.0.1:20002", "order-history": "http://127.0.0.1:20003"},
)


def manifest(**run: Any) -> SpaceManifest:
    return SpaceManifest.model_validate({"space": {"name": "orders"}, "run": {"command": ["x"], **run}})


def test_what_a_replica_is_given() -> None:
    assert environment(manifest(), GIVEN) == {
        "HOST": "127.0.0.1",
        "PORT": "20001",
        "SPACE": "orders",
        "REPLICA": "2",
        "SYSTEM": "shop",
        "DATA_DIR": "/shop/.spacectl/data/orders",
        "NATS_URL": "nats://orders:secret@127.0.0.1:4222",
        "NATS_INBOX_PREFIX": "_INBOX.orders",
        "CATALOG_URL": "http://127.0.0.1:20002",
        "ORDER_HISTORY_URL": "http://127.0.0.1:20003",
        "PYTHONUNBUFFERED": "1",
        "SPACECTL_INSTANCE": "abc",
    }


def test_the_later_wins() -> None:
    given = replace(
        GIVEN,
        inherited={"HOME": "/root", "HOST": "laptop", "LEVEL": "shell", "COLOUR": "shell"},
        env_file={"LEVEL": "file", "COLOUR": "file", "HOST": "0.0.0.0"},  # noqa: S104
    )
    env = environment(manifest(env={"LEVEL": "manifest"}), given)
    assert (env["HOME"], env["COLOUR"], env["LEVEL"], env["HOST"]) == ("/root", "file", "manifest", "0.0.0.0")  # noqa: S104


def test_values_may_name_others_that_came_before() -> None:
    given = replace(GIVEN, env_file={"BASE": "http://$HOST:${PORT}", "PRICE": "$$5", "PASSWORD": "a$b$1"})
    env = environment(manifest(env={"PUBLIC": "$BASE/api", "PATHS": "$NOWHERE", "BASE": "x$BASE"}), given)
    assert env["BASE"] == "xhttp://127.0.0.1:20001"
    assert env["PUBLIC"] == "http://127.0.0.1:20001/api"
    assert (env["PRICE"], env["PASSWORD"], env["PATHS"]) == ("$5", "a$b$1", "$NOWHERE")


def test_the_mark_of_the_system_cannot_be_replaced() -> None:
    given = replace(GIVEN, env_file={"SPACECTL_INSTANCE": "mine"}, inherited={"SPACECTL_INSTANCE": "outer"})
    assert environment(manifest(), given)["SPACECTL_INSTANCE"] == "abc"


def test_what_belongs_to_the_shell_stays_there() -> None:
    shell = {
        "PATH": "/bin", "LANG": "C", "VIRTUAL_ENV": "/venv", "PYTHONPATH": "/x", "PYTHONHOME": "/y",
        "CONDA_PREFIX": "/z", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://elsewhere", "SPACECTL_SYSTEM": "/other",
        "SPACECTL_RUN": "f00", "PORT": "3000",
    }  # fmt: skip
    assert inheritable(shell) == {"PATH": "/bin", "LANG": "C"}


def test_a_replica_without_a_port_gets_none() -> None:
    assert "PORT" not in environment(manifest(), replace(GIVEN, port=None, inherited={"PORT": "3000"}))


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$PORT", "80"), ("--port=${PORT}", "--port=80"), ("$PORTS", "$PORTS"), ("${PORT:-1}", "${PORT:-1}"),
        ("$$PORT", "$PORT"), ("100%$", "100%$"), ("", ""), ("$", "$"), ("$1", "$1"), ("${}", "${}"), ("$Port", "$Port"),
    ],
)  # fmt: skip
def test_names_are_expanded(text: str, expanded: str) -> None:
    assert expand(text, {"PORT": "80"}) == expanded


def test_a_text_goes_to_the_shell_and_a_list_is_executed() -> None:
    assert argv("exec app --port $PORT | cat", {"PORT": "80"}) == ("/bin/sh", "-c", "exec app --port $PORT | cat")
    assert argv(("app", "--port", "$PORT", "a b"), {"PORT": "80"}) == ("app", "--port", "80", "a b")


def test_the_variable_of_a_url() -> None:
    assert [url_name(name) for name in ("catalog", "order-history", "a-b-c2")] == [
        "CATALOG_URL", "ORDER_HISTORY_URL", "A_B_C2_URL"
    ]  # fmt: skip
