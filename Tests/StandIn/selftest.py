#!/usr/bin/env python3
"""usage: selftest.py [-v]

Tests the stand-in: its keys and signatures against OpenSSL's, every recipe against requests that another client
signed, its refusals and its ways to misbehave.
"""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import interpreter  # noqa: E402

if __name__ == "__main__":
    interpreter.go_on_with_cryptography()
    suite = unittest.defaultTestLoader.discover(str(HERE / "tests"), pattern="test_*.py")
    result = unittest.TextTestRunner(verbosity=2 if "-v" in sys.argv else 1).run(suite)
    sys.exit(0 if result.wasSuccessful() else 1)
