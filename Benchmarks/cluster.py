"""A PostgreSQL of the benchmark's own: unix socket in a private folder, same settings for us and for every peer."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{socket}'
shared_buffers = 512MB
max_connections = 200
max_wal_size = 4GB
jit = off
"""
LIMIT_SECONDS = 120
SEASON_FILES = 80  # of 16 MB: more than a work writes in a minute


class Cluster:
    """`is_durable`: whether a commit waits for the disk. What measures says yes; what only kills processes, and neither
    PostgreSQL nor the machine, need not."""

    def __init__(self, is_durable=True):
        self.settings = SETTINGS if is_durable else SETTINGS + "fsync = off\n"
        folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
        self.programs = folders[-1]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kbpg"))
        self.data, self.socket = self.folder / "data", self.folder / "s"
        # PostgreSQL refuses to run as root: then Debian's own account runs it.
        self.user = pwd.getpwnam("postgres") if os.getuid() == 0 else None

    def program(self, name):
        return str(self.programs / name)

    def run(self, *command):
        change = {}
        if self.user:
            change = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_SECONDS, cwd="/", **change)

    def __enter__(self):
        self.socket.mkdir(mode=0o700)
        if self.user:
            for path in (self.folder, self.socket):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        try:
            self.run(
                self.program("initdb"), "-D", str(self.data), "-U", "bench", "-A", "trust", "-E", "UTF8",
                "--locale=C.UTF-8", "--data-checksums")
            with open(self.data / "postgresql.conf", "a") as settings:
                settings.write(self.settings.format(socket=self.socket))
            self.run(
                self.program("pg_ctl"), "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            if (self.data / "postmaster.pid").exists():
                self.run(self.program("pg_ctl"), "-D", str(self.data), "-m", "fast", "-w", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def postmaster(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def url(self, database):
        return f"postgresql://bench@/{database}?host={self.socket}"

    def create(self, database):
        self.sql("postgres", f"create database {database}")

    def season(self):
        """Makes the write-ahead log what it is on a server that has run for a day: files that are used again. A fresh
        one writes 16 MB of zeros whenever a file is full, and whoever commits then waits for them."""
        self.create("season")
        self.sql("season", "create table season (n integer)")
        for _ in range(2):
            step = "insert into season values (1); select pg_switch_wal();"
            self.sql("season", step * SEASON_FILES + "checkpoint;")
        self.sql("postgres", "drop database season")

    def sql(self, database, text, **rest):
        """Runs the statements, stops at the first error, and returns what they print."""
        command = [
            self.program("psql"), "-h", str(self.socket), "-U", "bench", "-d", database, "-X", "-q", "-A", "-t",
            "-v", "ON_ERROR_STOP=1",
        ]
        return subprocess.run(
            command, input=text, check=True, capture_output=True, text=True, timeout=600, **rest).stdout.strip()
