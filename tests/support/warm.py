"""The command `engage` for tests that run it hundreds of times: a process that has imported everything forks a child for each call.

What a call reads, writes, ends with and finds in its folder and environment is as in a process of its own; only the imports are spared.
`python -m tests.support.warm SOCKET` is that process, which ends with its standard input.
"""

import importlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.threads import run_on_one_thread

STUB = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(call).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(call)
    sys.exit(int(server.makefile().read()))
"""


@contextmanager
def warm_engage(folder: Path) -> Iterator[Path]:
    """A folder for PATH in which `engage` is the warm one."""
    address = folder / "socket"
    stub = folder / "bin" / "engage"
    stub.parent.mkdir()
    stub.write_text(STUB.format(python=sys.executable, address=str(address)))
    stub.chmod(0o755)
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-m", "tests.support.warm", str(address)]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield stub.parent
        process.stdin.close()  # type: ignore[union-attr]  # it is a pipe


def serve(address: str) -> None:
    """Answer calls until standard input ends. Nothing may start a thread before a fork, so no connection is opened here."""
    importlib.import_module("tests.support.preloaded")
    run_on_one_thread()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        print("ready", flush=True)
        while _is_called(server):
            call, _ = server.accept()
            if os.fork() == 0:
                server.close()
                _answer(call)
            call.close()
            _reap()


def _is_called(server: socket.socket) -> bool:
    """Wait for a call; False once standard input has ended."""
    import select

    ready, _, _ = select.select([server, sys.stdin], [], [])
    return server in ready


def _answer(call: socket.socket) -> None:
    """In the child: have a grandchild do what is asked, and tell its exit code."""
    size, descriptors, _, _ = socket.recv_fds(call, 4, 3)
    arguments, folder, environment = json.loads(_read(call, int.from_bytes(size, "big")))
    worker = os.fork()
    if worker == 0:
        call.close()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        _run(arguments)
    _, status = os.waitpid(worker, 0)
    call.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(arguments: list[str]) -> None:
    from engage_cli.cli.entry import run

    for name in ("stdin", "stdout", "stderr"):
        stream = os.fdopen(("stdin", "stdout", "stderr").index(name), "r" if name == "stdin" else "w", encoding="utf-8")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.argv = ["engage", *arguments]
    code = 1
    try:
        code = int(run(arguments))
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _read(call: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += call.recv(size - len(found))
    return found


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    serve(sys.argv[1])
