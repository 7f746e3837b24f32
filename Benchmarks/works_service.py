"""The service by itself: memory after the work, memory with idle connections, and the time to ready."""

import contextlib
import resource
import socket
import statistics
import time

import measure

IDLE_CONNECTIONS = 10_000
CONNECTIONS_PER_ADDRESS = 100  # the service limits connections by address; loopback has many addresses
SETTLE_SECONDS = 10
STARTS = 5


def memory(bench, service):
    time.sleep(SETTLE_SECONDS)
    after = measure.own_resident_megabytes(service.process.pid)
    bench.table.add(
        "memory", "Keybell, after all that", f"{after:.0f} MB", "RSS", bar="< 60 MB", held=after < 60)
    with contextlib.ExitStack() as stack:
        opened = idle_connections(stack, service.port)
        time.sleep(2)
        loaded = measure.own_resident_megabytes(service.process.pid)
        alive = service.is_ready()
    bench.table.add(
        "memory", f"Keybell, {opened:,} idle connections", f"{loaded:.0f} MB", "RSS, answering" if alive else "**mute**",
        bar="< 150 MB", held=loaded < 150 and alive and opened == IDLE_CONNECTIONS)


def idle_connections(stack, port):
    """Opens them, one answered request each; returns how many stayed open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, IDLE_CONNECTIONS + 1000), hard))
    request, opened = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 0
    for number in range(IDLE_CONNECTIONS):
        connection = stack.enter_context(socket.socket())
        connection.settimeout(5)
        connection.bind((f"127.0.1.{1 + number // CONNECTIONS_PER_ADDRESS}", 0))
        connection.connect(("127.0.0.1", port))
        connection.sendall(request)
        opened += connection.recv(4096).startswith(b"HTTP/1.1 200")
    return opened


def start(bench, service):
    """With the database up and migrated: from the start of the process to the first 200 of /readyz."""
    times = []
    for _ in range(STARTS):
        service.stop()
        times.append(service.start() * 1000)
    middle = statistics.median(times)
    bench.table.add(
        "start to ready", "Keybell, database up", f"{middle:.0f} ms", f"slowest of {STARTS}: {max(times):.0f} ms",
        bar="< 200 ms", held=middle < 200)
