"""Writes Tests/Fixtures/ccxt-requests.json: requests as stock ccxt writes them, and what it was asked for.

usage: python requests_of_ccxt.py > Tests/Fixtures/ccxt-requests.json

ccxt thinks that its markets are loaded and that its clock stands still; nothing is sent anywhere.
"""

import itertools
import json
import sys
from urllib.parse import urlsplit

import ccxt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = 1700000000123
ORDER, OTHER = "1234567890123456789", "1234567890123456788"
# Market ids: spot, linear and inverse swap.
MARKETS = {
    "binance": ("BTCUSDT", "BTCUSDT", "BTCUSD_PERP"), "bybit": ("BTCUSDT", "BTCUSDT", "BTCUSD"),
    "okx": ("BTC-USDT", "BTC-USDT-SWAP", "BTC-USD-SWAP"), "kraken": ("XBTUSDT", None, None),
    "coinbase": ("BTC-USDT", "BTC-PERP-INTX", None), "kucoin": ("BTC-USDT", "XBTUSDTM", "XBTUSDM"),
    "gate": ("BTC_USDT", "BTC_USDT", "BTC_USD"),
    "bitget": ("BTCUSDT", "BTCUSDT", "BTCUSD"), "mexc": ("BTCUSDT", "BTC_USDT", "BTC_USD"),
}
ALIASES = {
    "api.binance.com": "spot", "fapi.binance.com": "usdm", "dapi.binance.com": "coinm",
    "eapi.binance.com": "options", "api.bybit.com": "main", "www.okx.com": "main", "api.kraken.com": "spot",
    "api.coinbase.com": "main", "api.kucoin.com": "spot", "api-futures.kucoin.com": "futures",
    "api.gateio.ws": "main", "api.bitget.com": "main", "api.mexc.com": "spot",
}
# What ccxt passes on although the exchange does not read it: refused here, as it should be.
UNREAD = {
    "binance": {"attached"}, "bybit": {"trailing", "cross_margin", "isolated_margin"},
    "kraken": {"trigger_market", "trigger_limit", "cross_margin", "isolated_margin"},
    "coinbase": {"attached"}, "kucoin": {"trailing"}, "kucoin unified": {"trailing"},
    "gate": {"hedged_close", "trailing", "attached", "client", "edit_spot", "leverage",
             *(f"{kind}_{mode}_margin" for kind in ("linear", "inverse") for mode in ("cross", "isolated"))},
    "bitget": {"trading_fees"}, "bitget unified": {"trailing", "trigger_market", "trigger_limit"},
    "mexc": {"spot_trigger_market", "spot_trigger_limit", "stop_loss", "take_profit", "ioc", "fok",
             "trailing", "attached", "edit", "hedged_close"},
}


class Recorded(Exception):
    """Stands for the answer."""


def exchange(name, unified):
    pem = ec.derive_private_key(7, ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption()).decode()
    secret = {"kraken": "bm90IGEgc2VjcmV0", "coinbase": pem}.get(name, "secret")
    x = getattr(ccxt, name)({"apiKey": "key", "secret": secret, "password": "pass", "enableRateLimit": False})
    numbers = itertools.count(1)
    x.milliseconds = lambda: NOW
    x.nonce = lambda: NOW
    x.seconds = lambda: NOW // 1000
    x.uuid = lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"
    x.uuid16 = lambda: f"{next(numbers):016d}"
    x.uuid22 = lambda: f"{next(numbers):022d}"
    x.set_markets(list(markets(x, name)), {code: currency(x, name, code) for code in ("BTC", "USDT")})
    x.load_markets = lambda *_, **__: x.markets
    x.load_time_difference = lambda *_, **__: 0
    x.accounts = [{"id": "u1", "code": "BTC", "info": {}}, {"id": "u2", "code": "USDT", "info": {}}]
    x.load_accounts = lambda *_, **__: x.accounts
    x.is_unified_enabled = lambda *_, **__: [False, True]
    x.load_unified_status = lambda *_, **__: None
    x.options["unifiedAccount"] = name == "gate"
    if name in ("bitget", "kucoin"):
        x.options["uta"] = unified
    return x


def markets(x, name):
    spot, linear, inverse = MARKETS[name]
    kinds = ["LIMIT", "MARKET", "LIMIT_MAKER", "STOP", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
             "TAKE_PROFIT_LIMIT", "STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
    common = {
        "base": "BTC", "baseId": "BTC", "quote": "USDT", "quoteId": "USDT", "active": True,
        "precision": {"amount": 0.0001, "price": 0.1, "cost": 0.01},
        "limits": {"amount": {}, "price": {}, "cost": {}, "leverage": {}},
        "info": {"orderTypes": kinds, "quoteIncrement": "0.01"},
    }
    yield x.safe_market_structure({
        **common, "id": spot, "symbol": "BTC/USDT", "type": "spot", "spot": True, "margin": True,
        "swap": False, "contract": False})
    swap = {**common, "type": "swap", "swap": True, "spot": False, "contract": True}
    if linear:
        yield x.safe_market_structure({
            **swap, "id": linear, "symbol": "BTC/USDT:USDT", "linear": True, "inverse": False,
            "subType": "linear", "settle": "USDT", "settleId": "usdt", "contractSize": 0.001})
    if inverse:
        yield x.safe_market_structure({
            **swap, "id": inverse, "symbol": "BTC/USD:BTC", "linear": False, "inverse": True,
            "subType": "inverse", "quote": "USD", "quoteId": "USD", "settle": "BTC", "settleId": "btc",
            "contractSize": 100})


def currency(x, name, code):
    networks = {n: {"id": n, "network": n, "info": {}} for n in ("ETH", "BTC")}
    return x.safe_currency_structure({
        "id": "XXBT" if (name, code) == ("kraken", "BTC") else code, "code": code, "precision": 1e-8,
        "active": True, "networks": networks, "info": {}, "fee": 0.1})


def orders(x, kind, symbol):
    """Label, side, price, and the arguments of create_order."""
    amount = 0.02 if kind == "spot" or (x.id, kind) == ("binance", "linear") else 2
    wants_direction = x.id == "bybit" or x.options.get("uta")
    below = {"triggerDirection": "descending"} if wants_direction else {}
    limit, market = (symbol, "limit", "buy", amount, 50000), (symbol, "market", "sell", amount)
    yield "limit_buy", limit
    yield "limit_sell", (symbol, "limit", "sell", amount, 50000)
    yield "market_buy", (symbol, "market", "buy", amount, 50000)
    yield "market_sell", market
    for label, more in {
        "post_only": {"postOnly": True}, "ioc": {"timeInForce": "IOC"}, "fok": {"timeInForce": "FOK"},
        "cross_margin": {"marginMode": "cross"}, "isolated_margin": {"marginMode": "isolated"},
        "client_id": {"clientOrderId": "abc123"},
    }.items():
        yield label, (*limit, more)
    yield "trigger_market", (*market, 49000, {"triggerPrice": 49000, **below})
    yield "trigger_limit", (symbol, "limit", "sell", amount, 48900, {"triggerPrice": 49000, **below})
    yield "stop_loss", (*market, None, {"stopLossPrice": 49000})
    yield "take_profit", (*market, None, {"takeProfitPrice": 59000})
    yield "stop_loss_limit", (symbol, "limit", "sell", amount, 48000, {"stopLossPrice": 49000})
    if kind != "spot":
        yield "reduce_only", (*market, None, {"reduceOnly": True})
        yield "hedged_close", (*market, None, {"reduceOnly": True, "hedged": True})
        yield "trailing", (*market, 50000, {"trailingPercent": 1, "reduceOnly": True})
        both = {"stopLoss": {"triggerPrice": 40000}, "takeProfit": {"triggerPrice": 60000}}
        yield "attached", (*limit, both)


def of_market(x, kind, symbol):
    """Label, method of ccxt, arguments."""
    for label, arguments in orders(x, kind, symbol):
        yield f"create_{kind}_{label}", "create_order", arguments
    amount = 0.02 if kind == "spot" else 2
    pair = [{"symbol": symbol, "type": "limit", "side": "buy", "amount": amount, "price": 50000},
            {"symbol": symbol, "type": "limit", "side": "sell", "amount": amount, "price": 60000}]
    yield f"create_{kind}_cost", "create_market_buy_order_with_cost", (symbol, 100)
    yield f"create_{kind}_batch", "create_orders", (pair,)
    yield f"edit_{kind}", "edit_order", (ORDER, symbol, "limit", "buy", amount, 50001)
    yield f"cancel_{kind}", "cancel_order", (ORDER, symbol)
    yield f"cancel_{kind}_trigger", "cancel_order", (ORDER, symbol, {"trigger": True})
    yield f"cancel_{kind}_client", "cancel_order", ("", symbol, {"clientOrderId": "abc123"})
    yield f"cancel_{kind}_all", "cancel_all_orders", (symbol,)
    yield f"cancel_{kind}_all_trigger", "cancel_all_orders", (symbol, {"trigger": True})
    yield f"cancel_{kind}_batch", "cancel_orders", ([ORDER, OTHER], symbol)
    yield f"cancel_{kind}_after", "cancel_all_orders_after", (10000, {"symbol": symbol})
    yield f"fetch_{kind}_order", "fetch_order", (ORDER, symbol)
    yield f"fetch_{kind}_order_trades", "fetch_order_trades", (ORDER, symbol)
    yield f"fetch_{kind}_open_trigger", "fetch_open_orders", (symbol, None, None, {"trigger": True})
    for name in ("open_orders", "closed_orders", "orders", "canceled_orders", "my_trades", "trading_fee",
                 "funding_history", "leverage", "position", "position_mode", "margin_mode"):
        yield f"fetch_{kind}_{name}", f"fetch_{name}", (symbol,)
    if kind != "spot":
        yield f"close_{kind}", "close_position", (symbol,)
        yield f"set_{kind}_leverage", "set_leverage", (5, symbol)
        yield f"set_{kind}_margin_mode", "set_margin_mode", ("isolated", symbol, {"leverage": 5})
        yield f"set_{kind}_margin", "add_margin", (symbol, 10)
        yield f"fetch_{kind}_positions", "fetch_positions", ([symbol],)
        yield f"fetch_{kind}_positions_history", "fetch_positions_history", ([symbol],)


def of_account(x):
    for kind in ("spot", "swap", "margin", "funding"):
        yield f"fetch_balance_{kind}", "fetch_balance", ({"type": kind},)
    yield "fetch_balance_inverse", "fetch_balance", ({"type": "swap", "subType": "inverse"},)
    for name in ("deposits", "withdrawals", "ledger", "deposit_address", "transfers", "deposits_withdrawals"):
        yield f"fetch_{name}", f"fetch_{name}", ("BTC",)
    yield "fetch_trading_fees", "fetch_trading_fees", ()
    more = {"okx": {"fee": "0.1"}, "kraken": {"key": "mine"}}.get(x.id, {})
    network = {} if x.id == "kraken" else {"network": "BTC"}
    yield "withdraw", "withdraw", ("BTC", 0.5, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", {**network, **more})
    yield "transfer", "transfer", ("USDT", 5, "spot", "swap")
    yield "set_borrow", "borrow_cross_margin", ("USDT", 5)
    yield "set_repay", "repay_cross_margin", ("USDT", 5)


def request(x, method, arguments):
    """The first one that ccxt would send; None when it refuses or does not know how."""
    sent = []

    def fetch(url, method="GET", headers=None, body=None):
        sent.append((url, method, headers or {}, body))
        raise Recorded

    x.fetch = fetch
    try:
        getattr(x, method)(*arguments)
    except (Recorded, ccxt.BaseError):
        pass
    return sent[0] if sent else None


def row(x, label, method, arguments):
    found = request(x, method, arguments)
    account = f"{x.id} unified" if x.options.get("uta") else x.id
    if found is None or any(word in label for word in UNREAD.get(account, ())):
        return None
    url, verb, headers, body = found
    parts = urlsplit(url)
    is_future = parts.netloc == "api.mexc.com" and parts.path.startswith("/api/v1/private")
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), None)
    wanted = {"side": arguments[2], "price": arguments[4] if arguments[1] == "limit" else None} if (
        method == "create_order") else {}
    return {
        "exchange": x.id, "label": label, **wanted, "method": verb,
        "host": "futures" if is_future else ALIASES[parts.netloc], "path": parts.path, "query": parts.query,
        "type": kind, "body": body}


def fixture():
    rows, seen = [], set()
    for name, unified in [*((name, False) for name in MARKETS), ("bitget", True), ("kucoin", True)]:
        x = exchange(name, unified)
        kinds = {"BTC/USDT": "spot", "BTC/USDT:USDT": "linear", "BTC/USD:BTC": "inverse"}
        cases = [case for symbol in x.markets for case in of_market(x, kinds[symbol], symbol)]
        for label, method, arguments in [*cases, *of_account(x)]:
            found = row(x, label, method, arguments)
            key = found and tuple(str(found[k]) for k in ("exchange", "method", "path", "query", "body"))
            if found and key not in seen:
                seen.add(key)
                rows.append(found)
    lines = ",\n".join(json.dumps(found, separators=(",", ":")) for found in rows)
    return f'{{"source":"ccxt {ccxt.__version__}","requests":[\n{lines}\n]}}\n'


if __name__ == "__main__":
    sys.stdout.write(fixture())
