"""How stock ccxt is pointed at Keybell: what of its `urls["api"]` goes to the proxy, and as which host.

One row an exchange: every entry that is private, also where Keybell has no such host, since the client would
hand its token to the exchange there. What is not named is public market data, stays where it is, and has no
key, but for `strays`: those a bot must not call. OKX, Coinbase and Bitget have one address for both in ccxt,
so that public requests come to the proxy too: `public` names those of `load_markets` and `fetch_time`, which
it must pass on unsigned.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """`private` maps an entry, with dots where it is nested, to the host's alias and the path's beginning."""

    private: dict
    public: tuple = ()
    # Beginnings of paths of all market data, where that comes to the proxy, too.
    market_data: tuple = ()
    # Entries and paths of public market data to which ccxt adds the API key, which is the token.
    strays: frozenset = frozenset()
    # Where another port of the stand-in plays a host.
    places: dict = field(default_factory=dict)


TABLE = {
    "binance": Row({
        "private": ("spot", "/api/v3"), "sapi": ("spot", "/sapi/v1"), "sapiV2": ("spot", "/sapi/v2"),
        "sapiV3": ("spot", "/sapi/v3"), "sapiV4": ("spot", "/sapi/v4"),
        "fapiPrivate": ("usdm", "/fapi/v1"), "fapiPrivateV2": ("usdm", "/fapi/v2"),
        "fapiPrivateV3": ("usdm", "/fapi/v3"), "dapiPrivate": ("coinm", "/dapi/v1"),
        "dapiPrivateV2": ("coinm", "/dapi/v2"), "eapiPrivate": ("options", "/eapi/v1"),
        "papi": ("spot", "/papi/v1"), "papiV2": ("spot", "/papi/v2")},
        strays=frozenset({
            ("public", "historicalTrades"), ("fapiPublic", "historicalTrades"),
            ("dapiPublic", "historicalTrades"), ("eapiPublic", "historicalTrades"),
            ("public", "userDataStream")})),
    "bybit": Row({"private": ("main", "")}),
    "okx": Row(
        {"rest": ("main", "")},
        public=("/api/v5/public/instruments", "/api/v5/public/time"),
        market_data=("/api/v5/public/", "/api/v5/market/")),
    "kraken": Row({"private": ("spot", "")}),
    "coinbase": Row(
        {"rest": ("main", "")},
        public=(
            "/v2/currencies", "/v2/currencies/crypto", "/v2/exchange-rates", "/v2/time",
            "/api/v3/brokerage/market/products"),
        market_data=(
            "/v2/currencies", "/v2/exchange-rates", "/v2/time", "/v2/prices/", "/api/v3/brokerage/market/",
            "/api/v3/brokerage/time")),
    "kucoin": Row({
        "private": ("spot", ""), "futuresPrivate": ("futures", ""), "utaPrivate": ("spot", ""),
        "earn": ("spot", ""), "broker": ("spot", "")}, places={"futures": "kucoin_futures"}),
    "gate": Row({f"private.{one}": ("main", "/api/v4") for one in (
        "withdrawals", "wallet", "futures", "margin", "delivery", "spot", "options", "subAccounts", "unified",
        "rebate", "earn", "account", "loan", "otc")}),
    "bitget": Row(
        {one: ("main", "") for one in (
            "spot", "mix", "user", "p2p", "broker", "margin", "common", "tax", "convert", "copy", "earn",
            "uta")},
        public=(
            "/api/v2/spot/public/coins", "/api/v2/spot/public/symbols", "/api/v2/margin/currencies",
            "/api/v2/mix/market/contracts", "/api/v2/public/time"),
        market_data=(
            "/api/v2/public/", "/api/v2/spot/public/", "/api/v2/spot/market/", "/api/v2/mix/market/",
            "/api/v2/margin/currencies", "/api/v3/market/")),
    "mexc": Row({
        "spot.private": ("spot", ""), "contract.private": ("futures", "/api/v1/private"),
        "broker.private": ("spot", "/api/v3/broker"), "spot2.private": ("spot", "/open/api/v2")}),
}


def described():
    """The table in Markdown, for Docs/bots.md."""
    lines = ["| Exchange | Entries of `urls[\"api\"]` | Proxy address | Market data that comes too |",
             "|---|---|---|---|"]
    for name, row in TABLE.items():
        places = {}
        for entry, place in row.private.items():
            places.setdefault(place, []).append(f"`{entry}`")
        public = ", ".join(f"`{path}…`" for path in row.market_data) or "none"
        for (alias, path), entries in places.items():
            lines.append(f"| {name} | {', '.join(entries)} | `…/proxy/{alias}{path}` | {public} |")
            name = public = ""
    return "\n".join(lines)


def pointed(exchange, name, direct, proxy=None):
    """Sets every address of a ccxt exchange: to the stand-in, private ones to the proxy when there is one.

    `direct` gives the address of a place of the stand-in, `proxy` that of a host by its alias.
    """
    row = TABLE[name]
    _walk(exchange.urls["api"], "", lambda entry, url: _address(row, name, entry, url, direct, proxy))
    return exchange


def _walk(urls, prefix, address):
    for entry, value in list(urls.items()):
        if isinstance(value, dict):
            _walk(value, f"{prefix}{entry}.", address)
        else:
            urls[entry] = address(prefix + entry, value)


def _address(row, name, entry, url, direct, proxy):
    alias, path = row.private.get(entry, (None, None))
    if proxy is not None and alias is not None:
        return proxy(alias) + path
    place = row.places.get(alias or _alias_of_public(entry), name)
    after_host = url.removeprefix("https://").partition("/")[1:]
    return direct(place) + "".join(after_host)


def _alias_of_public(entry):
    return "futures" if entry.startswith("futures") else None


if __name__ == "__main__":
    print(described())
