import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from spacectl.adapters.network_ports import Reservation, is_free, owner
from spacectl.errors import MachineError, UsageError


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    return socket.create_server((host, port))


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def test_ports_given_out_differ_and_are_held_until_the_end() -> None:
    with Reservation("/shop") as reservation:
        ports = [reservation.first() for _ in range(50)]
        assert len(set(ports)) == 50
        assert all(20_000 <= port < 32_000 for port in ports)
        assert not any(is_free(port) for port in ports)
    assert all(is_free(port) for port in ports)


def test_the_same_folder_gets_the_same_ports_and_another_one_others() -> None:
    with Reservation("/shop") as reservation:
        first = reservation.first()
    with Reservation("/shop") as reservation:
        assert reservation.first() == first
    with Reservation("/other/shop") as reservation:
        assert reservation.first() != first


def test_the_preferred_one_is_given_if_it_is_free() -> None:
    with listen() as listener, Reservation("/shop") as reservation:
        taken = port_of(listener)
        with listen() as freed:
            free = port_of(freed)
        assert reservation.first(taken, free) == free
        assert reservation.first(free, taken) not in {free, taken}  # each only once
        assert not reservation.take(taken)


@pytest.mark.parametrize("port", [0, -1, 65_536, 10**9])
def test_what_is_no_port_is_not_free(port: int) -> None:
    assert not is_free(port)
    with Reservation("/shop") as reservation:
        assert reservation.first(port) != port


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104  (somebody else's carelessness)
def test_a_port_that_is_listened_on_anywhere_here_is_not_free(host: str) -> None:
    with listen(host) as listener:
        port = port_of(listener)
        assert not is_free(port)
        assert owner(port) == f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"


def test_old_connections_do_not_keep_a_port() -> None:
    with listen() as listener:
        port = port_of(listener)
        with closing(socket.create_connection(("127.0.0.1", port))) as client:
            accepted, _ = listener.accept()
            accepted.close()  # this side ends first, and waits (TIME_WAIT)
            client.recv(1)
    assert is_free(port)


def test_nobody_owns_a_free_port() -> None:
    with Reservation("/nobody") as reservation:
        port = reservation.first()
    assert owner(port) == "another process"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who may not")
def test_a_port_that_needs_privileges_says_so() -> None:
    ask = (
        "import os; from spacectl.adapters.network_ports import is_free; from spacectl.errors import MachineError\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: print(is_free(81))\n"
        "except MachineError as error: print(error.message)\n"
    )
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ("port 81 is kept for privileged users" if first > 81 else "True")


def test_no_port_left_is_said() -> None:
    with Reservation("/shop") as reservation:
        reservation._candidates = iter(())
        with pytest.raises(MachineError, match=r"no port is free on 127\.0\.0\.1"):
            reservation.first()


def test_a_port_that_is_kept_can_be_taken_by_nobody_but_who_shares_it() -> None:
    with Reservation("/shop") as reservation:
        port = reservation.first()
        kept = reservation.keep(port)
    try:
        assert not is_free(port)
        with Reservation("/other") as other:
            assert not other.take(port)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        for _ in range(2):  # a server that comes again, while connections of the first one linger
            server = socket.create_server(("127.0.0.1", port), reuse_port=True)
            with closing(server), closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as client:
                server.accept()[0].close()
                assert client.recv(1) == b""
            assert not is_free(port)
    finally:
        kept.release()
    kept.release()
    assert is_free(port)


def test_a_port_that_is_somebodys_is_not_given_though_nobody_listens() -> None:
    with Reservation("seed") as reservation:
        port = reservation.first()
    with Reservation("seed", [port]) as reservation:
        assert not reservation.take(port)
        assert reservation.first(port) != port


def test_other_ports_are_given_out_where_somebody_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACECTL_PORTS", "19990-19999")
    with Reservation("a system") as reservation:
        assert {reservation.first() for _ in range(5)} < set(range(19_990, 20_000))


@pytest.mark.parametrize("text", ["20000", "b-a", "5-4", "0-9", "60000-70000"])
def test_a_range_that_names_no_ports_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SPACECTL_PORTS", text)
    with pytest.raises(UsageError, match=f"SPACECTL_PORTS={text} names no ports"):
        Reservation("a system")
