"""What a bot does all day, with stock ccxt; every step raises when it comes out otherwise than it should."""

import time
import traceback

import ccxt

SPOT = "BTC/USDT"
LINEAR = {"coinbase": "BTC/USD:USD", "kraken": None}
INVERSE = {"binance": "BTC/USD:BTC", "bybit": "BTC/USD:BTC", "okx": "BTC/USD:BTC", "kucoin": "BTC/USD:BTC",
           "gate": "BTC/USD:BTC", "bitget": "BTC/USD:BTC", "mexc": "BTC/USD:BTC"}
# How they are asked for positions in inverse markets.
INVERSE_HELD = {
    "binance": {"subType": "inverse"}, "gate": {"settle": "btc"},
    "bitget": {"productType": "COIN-FUTURES", "marginCoin": "BTC"}}
# What becomes of an order that is none, where that is not OrderNotFound.
NO_ORDER = {"coinbase": (ccxt.BadRequest,), "kucoin": (ccxt.OrderNotFound, ccxt.BadRequest),
            "mexc": (ccxt.BadRequest, ccxt.InvalidOrder)}
# Bybit wants to hear that its query reaches back only a little.
ASKED = {"bybit": {"acknowledged": True}}


# What a client wants to know before it withdraws, and what it calls two wallets.
ADDRESS = "bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh"
WITHDRAWALS = {
    "kraken": {"key": "mine"}, "okx": {"fee": "0.0001", "chain": "BTC-Bitcoin", "network": "BTC"},
    **{name: {"network": "BTC"} for name in ("bybit", "kucoin", "gate", "bitget", "mexc")},
}
WALLETS = {
    "binance": ("spot", "future"), "kraken": ("spot", "futures"), "okx": ("funding", "trading"),
    "bybit": ("funding", "unified"), "kucoin": ("main", "trade"), "coinbase": ("one", "another"),
    **{name: ("spot", "swap") for name in ("gate", "bitget", "mexc")},
}


def raises(kinds, function, *arguments, **more):
    """One of these very classes, as a bot would catch it."""
    try:
        function(*arguments, **more)
    except ccxt.BaseError as error:
        assert type(error) in kinds, f"{type(error).__name__} instead of {kinds}: {error}"
        return
    raise AssertionError(f"nothing was raised, {kinds} was expected")


def place_of(error):
    """Functions and lines, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{one.name}:{one.lineno}" for one in reversed(frames[-8:]))


def trade(exchange, amends=("spot", "derivative")):
    """What a bot does all day. Raises when anything comes out otherwise than it should.

    `amends` names the markets where an amendment goes through.
    """
    exchange.load_markets()
    assert abs(exchange.fetch_time() - time.time() * 1000) < 60_000
    spot(exchange, SPOT, "spot" in amends)
    for symbol in (LINEAR.get(exchange.id, "BTC/USDT:USDT"), INVERSE.get(exchange.id)):
        if symbol is not None:
            derivative(exchange, symbol, "derivative" in amends)


def spot(exchange, symbol, amends):
    base, quote = exchange.market(symbol)["base"], exchange.market(symbol)["quote"]
    before = exchange.fetch_balance()
    assert before[quote]["free"] > 0, before
    rest_amend_and_cancel(exchange, symbol, 0.01, amends)
    # Some want a market buy in what it costs, which ccxt reckons from a price.
    exchange.create_order(symbol, "market", "buy", 0.02, 50_000)
    held = exchange.fetch_balance()[base]["total"] - before[base]["total"]
    assert abs(held - 0.02) < 1e-9, held
    taken = exchange.create_order(symbol, "limit", "sell", 0.02, 40_000)
    order = exchange.fetch_order(taken["id"], symbol, ASKED.get(exchange.id, {}))
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.02, 50_000), order
    done = [(one["side"], one["amount"], one["price"]) for one in exchange.fetch_my_trades(symbol)]
    assert sorted(done) == [("buy", 0.02, 50_000), ("sell", 0.02, 50_000)], done
    assert exchange.fetch_ticker(symbol)["last"] == 50_000
    raises((ccxt.InsufficientFunds,), exchange.create_order, symbol, "limit", "buy", 9_000, 49_000)


def rest_amend_and_cancel(exchange, symbol, amount, amends):
    """One order that waits, is found, is changed where that can be done, and goes."""
    asked = ASKED.get(exchange.id, {})
    placed = exchange.create_order(symbol, "limit", "buy", amount, 30_000)
    listed = exchange.fetch_open_orders(symbol)
    assert [one["id"] for one in listed] == [placed["id"]], listed
    order = listed[0]
    assert (order["status"], order["side"], order["price"], order["amount"]) == (
        "open", "buy", 30_000, amount), order
    assert order["symbol"] == symbol, order
    found = exchange.fetch_order(placed["id"], symbol, asked)
    assert found["status"] == "open", found
    number = placed["id"]
    if amends and exchange.has["editOrder"] is True:
        number = amended(exchange, symbol, amount, number)
    exchange.cancel_order(number, symbol)
    assert exchange.fetch_open_orders(symbol) == []
    assert exchange.fetch_order(number, symbol, asked)["status"] == "canceled"
    raises(NO_ORDER.get(exchange.id, (ccxt.OrderNotFound,)), exchange.cancel_order, number, symbol)
    many(exchange, symbol, amount)


def amended(exchange, symbol, amount, number):
    """The order's number afterwards."""
    try:
        changed = exchange.edit_order(number, symbol, "limit", "buy", amount, 31_000)
    except ccxt.NotSupported:
        return number
    assert [one["price"] for one in exchange.fetch_open_orders(symbol)] == [31_000]
    # Kraken's is the change's own.
    return number if exchange.id == "kraken" else changed["id"] or number


def many(exchange, symbol, amount):
    """Two at once where that can be done, and all away."""
    orders = [
        {"symbol": symbol, "type": "limit", "side": "buy", "amount": amount, "price": price, "params": {}}
        for price in (29_000, 28_000)]
    try:
        placed = exchange.create_orders(orders)
        # KuCoin's current answer is not the one that ccxt reads, and gives no orders.
        assert exchange.id == "kucoin" or all(one["id"] for one in placed) and len(placed) == 2, placed
    except ccxt.NotSupported:
        for one in orders:
            exchange.create_order(*[one[part] for part in ("symbol", "type", "side", "amount", "price")])
    open_orders = exchange.fetch_open_orders(symbol)
    assert sorted(one["price"] for one in open_orders) == [28_000, 29_000], open_orders
    if exchange.has["cancelAllOrders"]:
        exchange.cancel_all_orders(symbol)
    else:
        exchange.cancel_orders([one["id"] for one in open_orders], symbol)
    assert exchange.fetch_open_orders(symbol) == []


def derivative(exchange, symbol, amends):
    """A position opens, may be reduced but not by its own side, and is closed."""
    market = exchange.market(symbol)
    amount = 1 if market["inverse"] else market["limits"]["amount"]["min"]
    rest_amend_and_cancel(exchange, symbol, amount, amends)
    exchange.create_order(symbol, "market", "buy", amount)
    [done] = exchange.fetch_my_trades(symbol)
    assert (done["side"], done["amount"], done["price"]) == ("buy", amount, 50_000), done
    assert held(exchange, symbol) == [("long", amount)], held(exchange, symbol)
    if exchange.id == "coinbase":
        exchange.close_position(symbol, None, {"clientOrderId": "closing"})
        assert held(exchange, symbol) == []
        return
    try:
        exchange.create_order(symbol, "market", "buy", amount, None, {"reduceOnly": True})
    except ccxt.ExchangeError:
        assert held(exchange, symbol) == [("long", amount)]
    else:
        raise AssertionError("an order that may only reduce made the position bigger")
    if exchange.has["closePosition"] is True:
        exchange.close_position(symbol)
    else:
        exchange.create_order(symbol, "market", "sell", amount, None, {"reduceOnly": True})
    assert held(exchange, symbol) == []


def held(exchange, symbol):
    more = INVERSE_HELD.get(exchange.id, {}) if exchange.market(symbol)["inverse"] else {}
    return [
        (one["side"], one["contracts"]) for one in exchange.fetch_positions([symbol], more)
        if one["contracts"]]


def withdraw(exchange):
    exchange.withdraw("BTC", 1, ADDRESS, WITHDRAWALS.get(exchange.id, {}))


def transfer(exchange):
    exchange.transfer("USDT", 5, *WALLETS[exchange.id])
