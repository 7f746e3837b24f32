#!/usr/bin/env python3
"""usage: token_check.py FILE...

Prints every secret of Keybell that stands in the files, without what makes it one, and ends with 1 when there is any.
The checksum tells real ones from look-alikes: nobody is asked, and nothing is sent.
"""

import re
import sys
import zlib

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET = re.compile(r"\b(kb[a-z]_[0-9A-Za-z]{38})\b")


def is_real(text):
    """Prefix and 32 random digits, then the CRC-32 of those 36 bytes as 6 digits of base 62."""
    body, written = text[:36], text[36:]
    number = 0
    for digit in written:
        number = number * 62 + DIGITS.index(digit)
    return number == zlib.crc32(body.encode())


def main():
    found = 0
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8", errors="replace") as file:
            for line, text in enumerate(file, 1):
                for secret in filter(is_real, SECRET.findall(text)):
                    found += 1
                    print(f"{name}:{line}: {secret[:8]}…")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
