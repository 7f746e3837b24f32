"""Kraken spot: forms in, objects by name out, and names of its own for currencies and pairs."""

from exchange import moving, private, public
from keys import TRADES
from markets import FOK, GTC, IOC, POST_ONLY, Ticket, plain
from messages import Answer, Refusal, Refused
from trading import Desk, find, number, side_of, spot

MARKETS = (spot("XBTUSDT", "BTC"), spot("ETHUSDT", "ETH"), spot("XXBTZUSD", "BTC", "USD"))
ALTNAMES = {"XXBTZUSD": "XBTUSD"}
ASSETS = {"BTC": "XXBT", "ETH": "XETH", "USD": "ZUSD", "USDT": "USDT", "USDC": "USDC"}
WS_NAMES = {"XBTUSDT": "XBT/USDT", "ETHUSDT": "ETH/USDT", "XXBTZUSD": "XBT/USD"}


def failure(text):
    return 200, {"error": [text]}


def ok(result):
    return Answer(200, {"error": [], "result": result})


REFUSALS = {
    Refusal.SYMBOL: failure("EQuery:Unknown asset pair"),
    Refusal.SIZE: failure("EOrder:Order minimum not met"),
    Refusal.PRICE: failure("EOrder:Invalid price"),
    Refusal.FUNDS: failure("EOrder:Insufficient funds"),
    Refusal.REDUCE_ONLY: failure("EOrder:Reduce only:No position exists"),
    Refusal.NO_POSITION: failure("EOrder:Reduce only:No position exists"),
    Refusal.WOULD_TAKE: failure("EOrder:Post only order"),
    Refusal.DUPLICATE: failure("EGeneral:Invalid arguments:cl_ord_id"),
    Refusal.UNKNOWN_ORDER: failure("EOrder:Unknown order"),
    Refusal.MAINTENANCE: failure("EService:Unavailable"),
    Refusal.BANNED: failure("EGeneral:Temporary lockout"),
}


# Public.


def assets(exchange, call):
    return ok({
        name: {"aclass": "currency", "altname": "XBT" if one == "BTC" else one, "decimals": 10,
               "display_decimals": 5, "collateral_value": 1.0, "status": "enabled"}
        for one, name in ASSETS.items()})


def asset_pairs(exchange, call):
    return ok({one.id: _pair(one) for one in MARKETS})


def _places(step):
    return -step.normalize().as_tuple().exponent


def _pair(market):
    return {
        "altname": ALTNAMES.get(market.id, market.id), "wsname": WS_NAMES[market.id],
        "aclass_base": "currency",
        "base": ASSETS[market.base], "aclass_quote": "currency", "quote": ASSETS[market.quote], "lot": "unit",
        "cost_decimals": 5, "pair_decimals": _places(market.price_step),
        "lot_decimals": _places(market.size_step),
        "lot_multiplier": 1, "leverage_buy": [], "leverage_sell": [], "fees": [[0, 0.0]],
        "fees_maker": [[0, 0.0]], "ordermin": plain(market.least_size), "costmin": "0.5",
        "tick_size": plain(market.price_step), "status": "online"}


def ticker(exchange, call):
    desk, wanted = Desk(exchange, call), call.first("pair")
    markets = [_market(name) for name in wanted.split(",")] if wanted else MARKETS
    answer = {}
    for market in markets:
        price = plain(desk.price(market))
        answer[market.id] = {
            "a": [price, "1", "1.000"], "b": [price, "1", "1.000"], "c": [price, "0.1"], "v": ["10", "100"],
            "p": [price, price], "t": [1, 10], "l": [price, price], "h": [price, price], "o": price}
    return ok(answer)


def _market(name):
    names = {"XBTUSD": "XXBTZUSD", **{spoken: pair for pair, spoken in WS_NAMES.items()}}
    return find(MARKETS, names.get(name, name))


# The account.


def balance(exchange, call):
    return ok({ASSETS[one]: plain(amount) for one, amount in Desk(exchange, call).account.balances.items()})


def balance_ex(exchange, call):
    held = Desk(exchange, call).account
    return ok({
        ASSETS[one]: {"balance": plain(amount), "hold_trade": plain(held.held(one))}
        for one, amount in held.balances.items()})


# Orders. Their ids are the book's numbers between letters.


def _id(order):
    return f"O{order.number[:5]}-{order.number[5:]}-STANDI"


def _number(text):
    return text[1:6] + text[7:12] if text.startswith("O") and len(text) == 19 else text


def _ticket(call):
    kind = call.first("ordertype")
    if kind not in ("limit", "market"):
        raise Refused(Refusal.PARAMETER, "ordertype")
    flags, size = call.first("oflags").split(","), number(call.first("volume") or "?", "volume")
    stays = {"IOC": IOC, "FOK": FOK}.get(call.first("timeinforce").upper(), GTC)
    return Ticket(
        _market(call.first("pair")), side_of(call.first("type")), size=None if "viqc" in flags else size,
        spend=size if "viqc" in flags else None, client_id=call.first("cl_ord_id"),
        price=None if kind == "market" else number(call.first("price") or "?", "price"),
        stays=POST_ONLY if "post" in flags else stays, reduce_only=call.first("reduce_only") == "true")


def _words(order):
    ticket = order.ticket
    end = "market" if ticket.price is None else f"limit {plain(ticket.price)}"
    return f"{ticket.side} {plain(order.size)} {ALTNAMES.get(order.market.id, order.market.id)} @ {end}"


def _order(order):
    ticket, is_market = order.ticket, order.ticket.price is None
    return {
        "refid": None, "userref": None, "cl_ord_id": ticket.client_id,
        "status": order.word("open", "closed", "canceled"), "opentm": order.created_at / 1_000,
        "starttm": 0, "expiretm": 0, "closetm": order.updated_at / 1_000,
        "descr": {
            "pair": ALTNAMES.get(order.market.id, order.market.id), "type": ticket.side,
            "ordertype": "market" if is_market else "limit", "price": plain(ticket.price) or "0",
            "price2": "0", "leverage": "none", "order": _words(order), "close": ""},
        "vol": plain(order.size), "vol_exec": plain(order.filled), "cost": plain(order.cost), "fee": "0",
        "price": plain(order.average), "stopprice": "0", "limitprice": "0", "misc": "", "oflags": "fciq",
        "trades": [], "reason": None}


def _validates(call):
    return str(call.values.get("validate", "")).lower() in ("1", "true")


def place(exchange, call):
    ticket = _ticket(call)
    if _validates(call):
        return ok({"descr": {"order": f"{ticket.side} {plain(ticket.size)} {ticket.market.id}"}})
    order = Desk(exchange, call).place(ticket)
    return ok({"descr": {"order": _words(order)}, "txid": [_id(order)]})


def _place_one(exchange, call):
    order = Desk(exchange, call).place(_ticket(call))
    return Answer(200, {"descr": {"order": _words(order)}, "txid": _id(order)})


def place_batch(exchange, call):
    """2 to 15 orders of one pair; what is refused has an `error` in its place."""
    orders = call.values.get("orders")
    if not isinstance(orders, list) or not all(isinstance(one, dict) for one in orders):
        raise Refused(Refusal.PARAMETER, "orders")
    if not 2 <= len(orders) <= 15:
        raise Refused(Refusal.PARAMETER, "orders")
    items = [{**one, "pair": call.first("pair")} for one in orders]
    answers = Desk(exchange, call).each(items, _place_one)
    return ok({"orders": [{"error": one["error"][0]} if one.get("error") else one for one in answers]})


def _found(desk, call, name="txid"):
    return desk.find(MARKETS, _number(call.first(name)), call.first("cl_ord_id"))


def cancel(exchange, call):
    desk = Desk(exchange, call)
    desk.cancel(_found(desk, call))
    return ok({"count": 1})


def cancel_batch(exchange, call):
    names = call.values.get("orders")
    if not isinstance(names, list):
        raise Refused(Refusal.PARAMETER, "orders")
    desk = Desk(exchange, call)
    items = [one if isinstance(one, dict) else {"txid": str(one)} for one in names]
    return ok({"count": sum("result" in one for one in desk.each(items, cancel))})


def cancel_all(exchange, call):
    desk = Desk(exchange, call)
    return ok({"count": len([desk.cancel(one) for one in desk.open_orders(MARKETS)])})


def amend(exchange, call):
    desk = Desk(exchange, call)
    price = number(call.first("limit_price"), "limit_price")
    size = number(call.first("order_qty"), "order_qty")
    order = desk.amend(_found(desk, call), price, size)
    return ok({"amend_id": f"T{_id(order)[1:]}"})


def open_orders(exchange, call):
    return ok({"open": {_id(one): _order(one) for one in Desk(exchange, call).open_orders(MARKETS)}})


def closed_orders(exchange, call):
    orders = [one for one in Desk(exchange, call).orders(MARKETS) if not one.is_open]
    return ok({"closed": {_id(one): _order(one) for one in orders}, "count": len(orders)})


def query_orders(exchange, call):
    desk = Desk(exchange, call)
    found = [desk.find(MARKETS, _number(name)) for name in call.first("txid").split(",")]
    return ok({_id(one): _order(one) for one in found})


def trades(exchange, call):
    filled = Desk(exchange, call).fills(MARKETS)
    return ok({"trades": {f"T{_id(one)[1:]}": _trade(one) for one in filled}, "count": len(filled)})


def _trade(order):
    return {
        "ordertxid": _id(order), "postxid": "TKH2SE-M7IF5-CFI7LT", "pair": order.market.id,
        "time": order.updated_at / 1_000, "type": order.ticket.side,
        "ordertype": "market" if order.price is None else "limit", "price": plain(order.average),
        "cost": plain(order.cost), "fee": "0", "vol": plain(order.filled), "margin": "0", "misc": "",
        "trade_id": int(order.number), "maker": False}


def sockets_token(exchange, call):
    """It admits orders, too."""
    return ok({"token": "a-token-that-opens-a-stream-and-is-none", "expires": 900})


def moved(exchange, call):
    return ok({"refid": "AGBSO6T-UFMTTQ-I7KGS6"})


ROUTES = {
    "GET /0/public/Assets": public(assets), "GET /0/public/AssetPairs": public(asset_pairs),
    "GET /0/public/Ticker": public(ticker),
    "POST /0/private/Balance": private(balance, "read"),
    "POST /0/private/BalanceEx": private(balance_ex, "read"),
    "POST /0/private/OpenOrders": private(open_orders, "read"),
    "POST /0/private/ClosedOrders": private(closed_orders, "read"),
    "POST /0/private/QueryOrders": private(query_orders, "read"),
    "POST /0/private/GetWebSocketsToken": private(sockets_token, "read"),
    "POST /0/private/TradesHistory": private(trades, "read"),
    "POST /0/private/AddOrder": private(place, *TRADES),
    "POST /0/private/AddOrderBatch": private(place_batch, *TRADES),
    "POST /0/private/AmendOrder": private(amend, *TRADES),
    "POST /0/private/CancelOrder": private(cancel, *TRADES),
    "POST /0/private/CancelOrderBatch": private(cancel_batch, *TRADES),
    "POST /0/private/CancelAll": private(cancel_all, *TRADES),
    "POST /0/private/Withdraw": moving("withdraw", moved),
    "POST /0/private/WalletTransfer": moving("transfer", moved),
    "POST /0/private/AccountTransfer": moving("transfer", moved),
}
