"""Writes Tests/Fixtures/dangerous-paths.json: what moves money, keys, accounts or loans, by ccxt's own lists.

usage: python dangerous_paths.py > Tests/Fixtures/dangerous-paths.json

`also` names the methods under which the same path only tells something.
"""

import json
import re
import sys
from urllib.parse import urlsplit

import ccxt
from requests_of_ccxt import ALIASES, exchange

MOVES = re.compile(
    r"withdraw|transfer|sub|managed|broker(?!age)|api-?key|(delete|update|create)-(sub-)?api|convert"
    r"|borrow|loan|repay|lend|earn|stak|dust|small|flash_swap|leverage|margin-?(mode|type|balance)|marginType"
    r"|(add|set|change)[-_]?margin"
    r"|position-?(mode|side)|fiat|gift|mint|redeem|subscribe|purchase|deposit|otc|p2p|push|account-?level"
    r"|collateral|accounts/\{|move[-_]|funds|sweep|allocat|portfolio|switch", re.IGNORECASE)
TELLS_OF_OTHERS = re.compile(
    r"sub-?_?(account|member|user)|sub/|sub_acc|api-?key|apikey|subAccount|managed", re.I)
# Reads by POST, cancellations and TWAP orders with such a word in their names.
HARMLESS = re.compile(
    r"DepositMethods|DepositAddresses|DepositStatus|Withdraw(Methods|Addresses|Info|Status)|getUserAsset"
    r"|get-funding-asset|GetApiKeyInfo|query-flash"
    r"|allOpenOrdersByUnderlying|copytrading/order|user/api-key", re.IGNORECASE)
MORE = [
    ("binance", "spot", "POST", "/sapi/v1/localentity/withdraw/apply"),
    ("binance", "spot", "POST", "/sapi/v1/sub-account/subAccountApi/ipRestriction"),
    ("bybit", "main", "GET", "/realtime"), ("okx", "main", "GET", "/users/self/verify"),
    ("bitget", "main", "GET", "/user/verify"), ("kraken", "spot", "POST", "/0/private/GetWebSocketsToken"),
    ("coinbase", "main", "POST", "/api/v3/brokerage/intx/allocate"),
    ("kucoin", "futures", "POST", "/api/v3/transfer-out"), ("kucoin", "spot", "POST", "/api/v1/withdrawals"),
]


def listed(section, api):
    """Section of ccxt, method and path."""
    for name, inner in api.items():
        if name in ("get", "post", "put", "delete", "patch"):
            for path in inner:
                yield section, name.upper(), path
        elif "ublic" not in name:
            yield from listed([*section, name], inner)


def place(x, section, method, path):
    """Alias and path, as ccxt would address it."""
    filled = re.sub(r"\{(\w+)\}", "1234567890", path)
    url = x.sign(filled, section, method, {})["url"]
    parts = urlsplit(url)
    is_future = parts.netloc == "api.mexc.com" and parts.path.startswith("/api/v1/private")
    return "futures" if is_future else ALIASES.get(parts.netloc), parts.path


def fixture():
    # ccxt does not list the reading of one withdrawal.
    rows, reads = {}, {("kucoin", "spot", "/api/v1/withdrawals/1234567890")}
    for name in ("binance", "bybit", "okx", "kraken", "coinbase", "kucoin", "gate", "bitget", "mexc"):
        x = exchange(name, False)
        for section, method, path in listed([], x.api):
            try:
                alias, full = place(x, section, method, path)
            except (ccxt.BaseError, KeyError, TypeError, AttributeError):
                continue
            is_dangerous = TELLS_OF_OTHERS.search(path) if method == "GET" else MOVES.search(path)
            if alias is None or HARMLESS.search(path):
                continue
            if is_dangerous:
                rows.setdefault((name, alias, method, full))
            elif method == "GET":
                reads.add((name, alias, full))
    rows |= dict.fromkeys(MORE)
    lines = []
    for name, alias, method, path in rows:
        row = {"exchange": name, "host": alias, "method": method, "path": path}
        if (name, alias, path) in reads:
            row["also"] = ["GET"]
        lines.append(json.dumps(row, separators=(",", ":")))
    return f'{{"source":"ccxt {ccxt.__version__}","paths":[\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    sys.stdout.write(fixture())
