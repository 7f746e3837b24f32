"""Which Python this is: one that stands before Debian's on the PATH may lack what signatures are verified with."""

import importlib.util
import os
import sys

DEBIAN = "/usr/bin/python3"
DEBIAN_PREFIX = "/usr"


def go_on_with_cryptography():
    """Without it the program begins anew, in the same process, by Debian's Python, which Scripts/setup gave it."""
    is_debian = sys.prefix == DEBIAN_PREFIX
    if importlib.util.find_spec("cryptography") is None and not is_debian and os.access(DEBIAN, os.X_OK):
        os.execv(DEBIAN, [DEBIAN, *sys.orig_argv[1:]])
