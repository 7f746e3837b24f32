"""How the demo speaks, and how it insists."""

import datetime
import sys
import time

PATIENCE_SECONDS = 60  # for a busy machine; nothing waits this long when all is well
IS_TERMINAL = sys.stdout.isatty()


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if IS_TERMINAL else text


def chapter(number, title):
    print(f"\n{paint('1;36', f'{number}. {title}')}", flush=True)


def say(text):
    print(f"   {text}", flush=True)


def note(text):
    print(f"   {paint('2', text)}", flush=True)


def expect(condition, what):
    if not condition:
        raise RuntimeError(f"the demo expected: {what}")


def until(ask, what):
    """The first answer of `ask()` that is not false or empty."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise RuntimeError(f"the demo waited {PATIENCE_SECONDS} s for: {what}")


def seconds_of(timestamp):
    """Seconds since 1970 of an RFC 3339 time as the service writes it."""
    return datetime.datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()


def day(timestamp):
    return timestamp[:10]
