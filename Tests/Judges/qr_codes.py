"""What the public package `qrcode` makes of texts, for Tests/Fixtures/factors/qr-codes.json: one for each
version of a QR code, and every mask in turn. (`segno` was asked too; it pads texts that do not fill their version
with other bytes than ISO/IEC 18004, 7.4.10 says, and agrees on those that do.)

    .venv/judges/bin/python Tests/Judges/qr_codes.py >Tests/Fixtures/factors/qr-codes.json
"""

import hashlib
import json

VERSIONS = range(1, 41)
LETTERS = "otpauth://totp/Keybell:?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&issuer%20"


def blank(mask=None):
    import qrcode

    return qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0, mask_pattern=mask)


def filled(text, mask):
    from qrcode.util import MODE_8BIT_BYTE, QRData

    made = blank(mask)
    made.add_data(QRData(text.encode(), mode=MODE_8BIT_BYTE), optimize=0)
    made.make()
    return made


def text_of(version):
    """Letters, figures and signs as in an address: as many as the version holds, or one or two less."""
    from qrcode.util import BIT_LIMIT_TABLE

    bits = BIT_LIMIT_TABLE[blank().error_correction][version] - 4 - (8 if version < 10 else 16)
    return "".join(LETTERS[(index * index + version) % len(LETTERS)] for index in range(bits // 8 - version % 3))


def code(version):
    """The text and the mask, and the rows of the matrix as one SHA-256."""
    text, mask = text_of(version), version % 8
    made = filled(text, mask)
    rows = "\n".join("".join("1" if module else "0" for module in row) for row in made.get_matrix())
    return {
        "text": text, "version": made.version, "mask": mask,
        "sha256": hashlib.sha256(rows.encode()).hexdigest(),
    }


def fixture():
    return json.dumps([code(version) for version in VERSIONS], indent=1) + "\n"


if __name__ == "__main__":
    print(fixture(), end="")
