"""Where the programs are that `swift build` made."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def program(name):
    """Scripts/test builds for release, the inner loop for debugging: the newer of both."""
    places = [ROOT / ".build" / kind / name for kind in ("debug", "release")]
    built = [place for place in places if place.exists()]
    return max(built, key=lambda place: place.stat().st_mtime) if built else places[0]
