"""What a run costs and how fast it was: processor time and memory of a process tree, wrk's and pgbench's figures."""

import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
SCRATCH_LIMIT_SECONDS = 60  # what a tool may take on top of the seconds it was told to run


def children():
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            parent = int(stat.rsplit(")", 1)[1].split()[1])
            found.setdefault(parent, []).append(int(entry))
    return found


def tree(pid):
    """The process and all that it started."""
    below, found, todo = children(), [], [pid]
    while todo:
        found.append(todo.pop())
        todo += below.get(found[-1], [])
    return found


def cpu_seconds(pid):
    """User and system time of the tree so far."""
    ticks = 0
    for member in tree(pid):
        try:
            fields = pathlib.Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_SECOND


def cpu_seconds_with_database(bench, service):
    """The service's, and those of its cluster."""
    return cpu_seconds(service.process.pid) + cpu_seconds(bench.cluster.postmaster)


def resident_megabytes(pid):
    """Of the tree, pages shared between its processes counted once."""
    kilobytes = 0
    for member in tree(pid):
        try:
            rollup = pathlib.Path(f"/proc/{member}/smaps_rollup").read_text()
        except OSError:
            continue
        kilobytes += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M).group(1))
    return kilobytes / 1024


def own_resident_megabytes(pid):
    """Of this one process, as `ps` shows it."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+)", status, re.M).group(1)) / 1024


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def wrk(url, pid, seconds, connections, script=None, environment=None):
    """One run: requests per second, percentiles in ms, the server's CPU microseconds per request, failures."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "--latency"]
    command += (["-s", str(script)] if script else []) + [url]
    before = cpu_seconds(pid)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + SCRATCH_LIMIT_SECONDS,
        env={**os.environ, **(environment or {})})
    spent = cpu_seconds(pid) - before
    text = done.stdout
    if done.returncode != 0 or "Requests/sec" not in text:
        raise RuntimeError(f"wrk: {done.stderr or text}")
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: (.*)", text)
    failed = int(refused.group(1)) if refused else 0
    failed += sum(map(int, re.findall(r"\d+", broken.group(1)))) if broken else 0
    percentile = lambda name: milliseconds(re.search(rf"^\s+{name}%\s+(\S+)", text, re.M).group(1))  # noqa: E731
    return {
        "per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        "p50": percentile(50), "p99": percentile(99), "cpu_us": spent * 1e6 / max(requests, 1),
        "failed": failed,
    }


def pgbench(cluster, database, scripts, seconds, clients=16):
    command = [
        cluster.program("pgbench"), "-h", str(cluster.socket), "-U", "bench", "-n", "-M", "prepared",
        "-c", str(clients), "-j", "1", "-T", str(seconds),
    ]
    for script in scripts:
        command += ["-f", str(script)]
    done = subprocess.run(
        command + [database], capture_output=True, text=True, timeout=seconds + SCRATCH_LIMIT_SECONDS)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.M)
    if done.returncode != 0 or not found:
        raise RuntimeError(f"pgbench: {done.stderr}")
    latency = float(re.search(r"latency average = ([\d.]+)", done.stdout).group(1))
    return {"per_second": float(found.group(1)), "p50": latency}


@contextlib.contextmanager
def nginx(bench, folder, text, base, probe):
    """nginx with that configuration, as (pid, base) once it answers."""
    folder.mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(text)
    process = subprocess.Popen(
        [bench.nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")],
        stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: bench.answers(base + probe), "nginx")
        yield process.pid, base
    finally:
        end(process)


def end(process):
    """Asks a process that we started to end, and makes it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(condition, what, seconds=20):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return
        time.sleep(0.02)
    raise RuntimeError(f"{what}: not within {seconds} s")


def median(rows, key):
    values = [row[key] for row in rows if row.get(key) is not None]
    return statistics.median(values) if values else None


def quantile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
