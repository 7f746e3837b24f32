#!/usr/bin/env python3
"""usage: instruments.py

Writes Tests/Fixtures/instruments: what the stand-in exchange answers to each request that lists instruments,
as the adapters ask them.
"""

import json
import pathlib
import sys
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "StandIn"))

from standin import StandIn  # noqa: E402

FOLDER = HERE.parent / "Fixtures" / "instruments"
LIMIT_SECONDS = 60
# Port of the stand-in, alias of the host, and what is asked there.
LISTS = {
    "binance": [
        ("binance", "spot", "/api/v3/exchangeInfo"), ("binance", "usdm", "/fapi/v1/exchangeInfo"),
        ("binance", "coinm", "/dapi/v1/exchangeInfo")],
    "bybit": [
        ("bybit", "main", "/v5/market/instruments-info?category=spot"),
        ("bybit", "main", "/v5/market/instruments-info?category=linear&limit=1000"),
        ("bybit", "main", "/v5/market/instruments-info?category=inverse&limit=1000")],
    "okx": [
        ("okx", "main", f"/api/v5/public/instruments?instType={kind}")
        for kind in ("SPOT", "SWAP", "FUTURES")],
    "kraken": [("kraken", "spot", "/0/public/AssetPairs")],
    "coinbase": [
        ("coinbase", "main", f"/api/v3/brokerage/market/products?product_type={kind}")
        for kind in ("SPOT", "FUTURE")],
    "kucoin": [
        ("kucoin", "spot", "/api/v2/symbols"), ("kucoin_futures", "futures", "/api/v1/contracts/active")],
    "gate": [
        ("gate", "main", "/api/v4/spot/currency_pairs"), ("gate", "main", "/api/v4/futures/usdt/contracts"),
        ("gate", "main", "/api/v4/futures/btc/contracts")],
    "bitget": [("bitget", "main", "/api/v2/spot/public/symbols")] + [
        ("bitget", "main", f"/api/v2/mix/market/contracts?productType={kind}-FUTURES")
        for kind in ("USDT", "USDC", "COIN")],
    "mexc": [("mexc", "spot", "/api/v3/exchangeInfo"), ("mexc", "futures", "/api/v1/contract/detail")],
}


def main():
    stand_in = StandIn()
    stand_in.start()
    stand_in.desk.set_clock(1_700_000_000_123, 0)
    ports = stand_in.ports()["exchanges"]
    FOLDER.mkdir(exist_ok=True)
    for name, lists in LISTS.items():
        rows = []
        for place, host, target in lists:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{ports[place]}{target}", timeout=LIMIT_SECONDS) as answer:
                rows.append({"host": host, "target": target, "answer": json.loads(answer.read())})
        (FOLDER / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
    stand_in.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
