"""The same as program.c, for a machine without a C compiler. It imports little, but 50 interpreters are not free."""

import os
import socket
import sys
import time


def serve(port: int) -> None:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(64)
    body = b"%d\n" % os.getpid()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
    while True:
        client, _ = listener.accept()
        client.settimeout(1.0)
        try:
            if client.recv(4096):
                client.sendall(answer)
        except OSError:
            continue  # whoever asked has gone
        finally:
            client.close()


def produce(lines: int, width: int, go: str, report: str) -> None:
    os.close(os.open(f"{report}.waiting", os.O_CREAT | os.O_WRONLY))
    turn = 0
    while True:
        turn += 1
        while not os.access(f"{go}.{turn}", os.F_OK):
            time.sleep(0.01)
        took = write_lines(lines, width)
        with open(f"{report}.part", "w") as out:  # noqa: PTH123  (pathlib takes longer to import than all of this)
            out.write(f"{took:.6f}\n")
        os.rename(f"{report}.part", f"{report}.{turn}")  # noqa: PTH104


def write_lines(lines: int, width: int) -> float:
    filler = b"x" * (width - 15) + b"\n"
    began = time.monotonic()
    for number in range(lines):
        line = b"line %08d " % number + filler
        while line:
            line = line[os.write(1, line) :]
    return time.monotonic() - began


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    produce(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
