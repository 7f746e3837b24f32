"""OKX v5: instruments name their markets; a batch answers a code an order, and one for all of them."""

from exchange import moving, private, public
from markets import FOK, GTC, IOC, LINEAR, POST_ONLY, SPOT, Ticket, plain
from messages import Answer, Refusal, Refused
from trading import Desk, find, inverse, is_true, linear, number, side_of, spot

MARKETS = (
    spot("BTC-USDT", "BTC"), spot("ETH-USDT", "ETH"),
    linear("BTC-USDT-SWAP", "BTC", "0.01", "0.01"), linear("ETH-USDT-SWAP", "ETH", "0.1", "0.01"),
    inverse("BTC-USD-SWAP", "BTC", "100"),
)
TRADES = ("trade_spot", "trade_margin", "trade_derivatives")
ALL_FAILED, SOME_FAILED = "All operations failed", "Bulk operation partially succeeded."


def envelope(code, message, data=()):
    return {"code": code, "msg": message, "data": list(data)}


def ok(*data):
    return Answer(200, envelope("0", "", data))


def _failed(code, message):
    row = {"ordId": "", "clOrdId": "", "tag": "", "sCode": code, "sMsg": message}
    return 200, envelope("1", ALL_FAILED, [row])


REFUSALS = {
    Refusal.SYMBOL: _failed("51001", "Instrument ID doesn't exist."),
    Refusal.SIZE: _failed("51121", "Order quantity must be a multiple of the lot size."),
    Refusal.PRICE: _failed("51006", "Order price is not within the price limit"),
    Refusal.FUNDS: _failed("51008", "Order failed. Insufficient {detail} balance in account."),
    Refusal.REDUCE_ONLY: _failed("51169", "Order failed. You don't have any positions to reduce."),
    Refusal.NO_POSITION: (200, envelope("51023", "Position doesn't exist.")),
    Refusal.WOULD_TAKE: _failed("51024", "A post-only order would have taken."),
    Refusal.DUPLICATE: _failed("51016", "Duplicated client order ID"),
    Refusal.UNKNOWN_ORDER: _failed(
        "51400", "Cancellation failed as the order has been filled, canceled or does not exist."),
    Refusal.MAINTENANCE: (503, envelope("50001", "Service temporarily unavailable. Please try again later")),
    Refusal.BANNED: (429, envelope("50061", "You've reached the maximum order rate limit for this account.")),
}
KINDS = {"SPOT": ("spot",), "SWAP": ("linear", "inverse")}


def _listed(call):
    """By `instType`, `instId`, or both."""
    kinds = KINDS.get(call.first("instType"), () if call.first("instType") else None)
    name = call.first("instId")
    return [one for one in MARKETS if (kinds is None or one.kind in kinds) and name in ("", one.id)]


def _type(market):
    return "SPOT" if market.kind == SPOT else "SWAP"


# Public.


def instruments(exchange, call):
    return ok(*[_instrument(one) for one in _listed(call)])


def _instrument(market):
    answer = {
        "instType": _type(market), "instId": market.id, "lotSz": plain(market.size_step),
        "minSz": plain(market.least_size), "tickSz": plain(market.price_step), "state": "live",
        "ruleType": "normal",
        "maxLmtSz": "100000000", "maxMktSz": "1000000", "listTime": "1597026383085", "expTime": "", "stk": "",
        "optType": "", "lever": "", "alias": ""}
    if market.kind == SPOT:
        return {**answer, "baseCcy": market.base, "quoteCcy": market.quote, "settleCcy": "", "uly": "",
                "ctVal": "", "ctMult": "", "ctValCcy": "", "ctType": "", "instFamily": ""}
    pair = f"{market.base}-{market.quote}"
    return {
        **answer, "baseCcy": "", "quoteCcy": "", "settleCcy": market.settle, "uly": pair, "instFamily": pair,
        "ctVal": plain(market.contract), "ctMult": "1", "lever": "100",
        "ctValCcy": market.base if market.kind == LINEAR else market.quote, "ctType": market.kind}


def tickers(exchange, call):
    desk, answers = Desk(exchange, call), []
    for market in _listed(call):
        price = plain(desk.price(market))
        answers.append({
            "instType": _type(market), "instId": market.id, "last": price, "lastSz": "1", "askPx": price,
            "askSz": "10", "bidPx": price, "bidSz": "10", "open24h": price, "high24h": price, "low24h": price,
            "vol24h": "1000", "volCcy24h": "50000000", "ts": str(call.now_ms)})
    return ok(*answers)


# The account.


def currencies(exchange, call):
    return ok(*[{
        "ccy": one, "name": one, "chain": f"{one}-{one}", "canDep": True, "canWd": True, "canInternal": True,
        "minWd": "0.001", "maxWd": "1000", "minFee": "0", "maxFee": "0", "wdTickSz": "8", "minDep": "0",
        "minDepArrivalConfirm": "1", "minWdUnlockConfirm": "1", "needTag": False,
    } for one in ("BTC", "ETH", "USDT")])


def balance(exchange, call):
    held = Desk(exchange, call).account
    details = [{
        "ccy": one, "eq": plain(amount), "cashBal": plain(amount), "availEq": plain(held.free(one)),
        "availBal": plain(held.free(one)), "frozenBal": plain(held.held(one)), "ordFrozen": "0", "upl": "0",
        "uTime": str(call.now_ms),
    } for one, amount in held.balances.items()]
    return ok({"totalEq": plain(held.balances["USDT"]), "uTime": str(call.now_ms), "details": details})


def positions(exchange, call):
    desk = Desk(exchange, call)
    return ok(*[_position(desk, one) for one in desk.positions(_listed(call))])


def _position(desk, position):
    market, price = position.market, desk.price(position.market)
    worth = market.worth(abs(position.size), price)
    stamp = str(desk.call.now_ms)
    return {
        "instType": "SWAP", "instId": market.id, "posId": f"31205744077{MARKETS.index(market)}",
        "posSide": "net", "pos": plain(position.size), "avgPx": plain(position.entry), "markPx": plain(price),
        "upl": plain(position.profit(price)), "uplRatio": "0", "lever": "10", "mgnMode": "cross", "liqPx": "",
        "imr": plain(worth / 10), "mmr": "0", "notionalUsd": plain(worth), "ccy": market.settle,
        "cTime": stamp, "uTime": stamp}


def leverage(exchange, call):
    return ok({"lever": call.first("lever"), "mgnMode": call.first("mgnMode"), "instId": call.first("instId"),
               "posSide": call.first("posSide")})


# Orders.


def _ticket(call):
    market, kind = find(MARKETS, call.first("instId")), call.first("ordType")
    stays = {"limit": GTC, "market": GTC, "ioc": IOC, "fok": FOK, "post_only": POST_ONLY}.get(kind)
    if stays is None:
        raise Refused(Refusal.PARAMETER, "ordType")
    side, size = side_of(call.first("side")), number(call.first("sz") or "?", "sz")
    # A spot market buy says what to spend, unless it says otherwise.
    unit = call.first("tgtCcy") or ("quote_ccy" if side == "buy" else "base_ccy")
    spends = market.kind == SPOT and kind == "market" and unit == "quote_ccy"
    return Ticket(
        market, side, size=None if spends else size, spend=size if spends else None,
        price=None if kind == "market" else number(call.first("px") or "?", "px"), stays=stays,
        reduce_only=market.kind != SPOT and is_true(call.first("reduceOnly")),
        client_id=call.first("clOrdId"))


def _check_permission(call):
    is_spot = find(MARKETS, call.first("instId")).kind == SPOT
    if not ({"trade_spot", "trade_margin"} if is_spot else {"trade_derivatives"}) & call.key.permissions:
        raise Refused(Refusal.PERMISSION)


def _taken(order, call, word):
    return {"ordId": order.number, "clOrdId": order.ticket.client_id, "tag": call.first("tag"),
            "ts": str(call.now_ms), "sCode": "0", "sMsg": word}


def _order(order):
    ticket, market = order.ticket, order.market
    state = "partially_filled" if order.is_open and order.filled else order.word("live", "filled", "canceled")
    return {
        "instType": _type(market), "instId": market.id, "ordId": order.number, "clOrdId": ticket.client_id,
        "tag": "", "px": plain(ticket.price), "sz": plain(order.size), "side": ticket.side, "posSide": "net",
        "ordType": "market" if ticket.price is None else "limit", "tdMode": "cash", "tgtCcy": "base_ccy",
        "accFillSz": plain(order.filled), "avgPx": plain(order.average) if order.filled else "",
        "fillTime": str(order.updated_at) if order.filled else "", "state": state, "lever": "", "fee": "0",
        "feeCcy": market.quote, "reduceOnly": str(ticket.reduce_only).lower(), "category": "normal",
        "cTime": str(order.created_at), "uTime": str(order.updated_at)}


def place(exchange, call):
    _check_permission(call)
    return ok(_taken(Desk(exchange, call).place(_ticket(call)), call, "Order placed"))


def _found(desk, call):
    return desk.find(MARKETS, call.first("ordId"), call.first("clOrdId"))


def cancel(exchange, call):
    desk = Desk(exchange, call)
    return ok(_taken(desk.cancel(_found(desk, call)), call, ""))


def amend(exchange, call):
    _check_permission(call)
    desk = Desk(exchange, call)
    price, size = number(call.first("newPx"), "newPx"), number(call.first("newSz"), "newSz")
    return ok(_taken(desk.amend(_found(desk, call), price, size), call, ""))


def _batch(function):
    def batch(exchange, call):
        items = call.values.get("body")
        if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
            raise Refused(Refusal.PARAMETER, "body")
        rows = [_row(answer) for answer in Desk(exchange, call).each(items, function)]
        failed = [one for one in rows if one["sCode"] != "0"]
        if not failed:
            return ok(*rows)
        is_all = len(failed) == len(rows)
        return Answer(200, envelope("1" if is_all else "2", ALL_FAILED if is_all else SOME_FAILED, rows))

    return batch


def _row(answer):
    """Of one order: its row, or one made of why it was refused as a whole."""
    if answer["data"]:
        return answer["data"][0]
    return {"ordId": "", "clOrdId": "", "tag": "", "sCode": answer["code"], "sMsg": answer["msg"]}


def query(exchange, call):
    try:
        return ok(_order(_found(Desk(exchange, call), call)))
    except Refused:
        return Answer(200, envelope("51603", "Order does not exist"))


def pending(exchange, call):
    return ok(*[_order(one) for one in Desk(exchange, call).open_orders(_listed(call))])


def history(exchange, call):
    return ok(*[_order(one) for one in Desk(exchange, call).orders(_listed(call)) if not one.is_open])


def fills(exchange, call):
    return ok(*[_fill(one) for one in Desk(exchange, call).fills(_listed(call))])


def _fill(order):
    return {
        "instType": _type(order.market), "instId": order.market.id, "tradeId": order.number,
        "ordId": order.number, "clOrdId": order.ticket.client_id, "billId": order.number, "tag": "",
        "fillPx": plain(order.average), "fillSz": plain(order.filled), "side": order.ticket.side,
        "posSide": "net", "execType": "T", "feeCcy": order.market.quote, "fee": "0",
        "fillTime": str(order.updated_at), "ts": str(order.updated_at)}


def close_position(exchange, call):
    desk = Desk(exchange, call)
    market = find(MARKETS, call.first("instId"))
    desk.close(market, call.first("clOrdId"))
    return ok({"instId": market.id, "posSide": "net", "clOrdId": call.first("clOrdId"), "tag": ""})


def moved(exchange, call):
    return ok({"wdId": "67485", "transId": "754147", "ccy": call.first("ccy"), "amt": call.first("amt")})


ROUTES = {
    "GET /api/v5/public/instruments": public(instruments), "GET /api/v5/market/tickers": public(tickers),
    "GET /api/v5/market/ticker": public(tickers),
    "GET /api/v5/asset/currencies": private(currencies, "read"),
    "GET /api/v5/account/balance": private(balance, "read"),
    "GET /api/v5/account/positions": private(positions, "read"),
    "POST /api/v5/account/set-leverage": private(leverage, *TRADES),
    "POST /api/v5/trade/order": private(place, *TRADES),
    "POST /api/v5/trade/batch-orders": private(_batch(place), *TRADES),
    "POST /api/v5/trade/cancel-order": private(cancel, *TRADES),
    "POST /api/v5/trade/cancel-batch-orders": private(_batch(cancel), *TRADES),
    "POST /api/v5/trade/amend-order": private(amend, *TRADES),
    "POST /api/v5/trade/amend-batch-orders": private(_batch(amend), *TRADES),
    "POST /api/v5/trade/close-position": private(close_position, "trade_derivatives"),
    "GET /api/v5/trade/order": private(query, "read"),
    "GET /api/v5/trade/orders-pending": private(pending, "read"),
    "GET /api/v5/trade/orders-history": private(history, "read"),
    "GET /api/v5/trade/fills": private(fills, "read"),
    "GET /api/v5/trade/fills-history": private(fills, "read"),
    "POST /api/v5/asset/withdrawal": moving("withdraw", moved),
    "POST /api/v5/asset/transfer": moving("transfer", moved),
    "POST /api/v5/asset/subaccount/transfer": moving("transfer", moved),
}
