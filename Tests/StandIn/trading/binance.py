"""Binance: spot by `api/v3`, USD-M by `fapi/v1`, COIN-M by `dapi/v1`; a path's beginning tells which."""

import json

from exchange import keyed, moving, private, public
from keys import TRADES
from markets import BUY, FOK, GTC, IOC, LINEAR, POST_ONLY, SELL, SPOT, Ticket, decimal, plain
from messages import Answer, Refusal, Refused
from trading import Desk, find, inverse, linear, spot

MARKETS = {
    "api": (spot("BTCUSDT", "BTC"), spot("ETHUSDT", "ETH")),
    "fapi": (linear("BTCUSDT", "BTC", "1", "0.001"), linear("ETHUSDT", "ETH", "1", "0.001")),
    "dapi": (inverse("BTCUSD_PERP", "BTC", "100"),),
}
UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
FOREVER_MS = 4_133_404_800_000


def error(code, message):
    return {"code": code, "msg": message}


REFUSALS = {
    Refusal.SYMBOL: (400, error(-1121, "Invalid symbol.")),
    Refusal.SIZE: (400, error(-1013, "Filter failure: LOT_SIZE")),
    Refusal.PRICE: (400, error(-1013, "Filter failure: PRICE_FILTER")),
    Refusal.FUNDS: (400, error(-2010, "Account has insufficient balance for requested action.")),
    Refusal.REDUCE_ONLY: (400, error(-2022, "ReduceOnly Order is rejected.")),
    Refusal.NO_POSITION: (400, error(-2022, "ReduceOnly Order is rejected.")),
    Refusal.WOULD_TAKE: (400, error(-2010, "Order would immediately match and take.")),
    Refusal.DUPLICATE: (400, error(-2010, "Duplicate order sent.")),
    Refusal.UNKNOWN_ORDER: (400, error(-2011, "Unknown order sent.")),
    Refusal.MAINTENANCE: (503, error(-1016, "System is under maintenance.")),
    Refusal.BANNED: (418, error(-1003, "Way too much request weight used; IP banned for {detail} s.")),
}


def _markets(call):
    return MARKETS[call.request.path.split("/")[1]]


# Public.


def exchange_info(exchange, call):
    return Answer(200, {
        "timezone": "UTC", "serverTime": call.now_ms, "exchangeFilters": [], "assets": [],
        "rateLimits": [{
            "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}],
        "symbols": [_symbol(one) for one in _markets(call)]})


def _symbol(market):
    lot = {"minQty": plain(market.least_size), "maxQty": "9000", "stepSize": plain(market.size_step)}
    answer = {
        "symbol": market.id, "status": "TRADING", "baseAsset": market.base, "quoteAsset": market.quote,
        "baseAssetPrecision": 8, "quotePrecision": 8, "quoteAssetPrecision": 8, "pricePrecision": 2,
        "quantityPrecision": 3, "isSpotTradingAllowed": True, "isMarginTradingAllowed": False,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"], "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": plain(market.price_step), "maxPrice": "1000000",
             "tickSize": plain(market.price_step)},
            {"filterType": "LOT_SIZE", **lot}, {"filterType": "MARKET_LOT_SIZE", **lot},
            {"filterType": "NOTIONAL", "minNotional": "5", "notional": "5"}],
    }
    if market.kind == SPOT:
        return {**answer, "permissions": ["SPOT"], "permissionSets": [["SPOT"]]}
    return {
        **answer, "pair": market.base + market.quote, "contractType": "PERPETUAL",
        "deliveryDate": FOREVER_MS, "onboardDate": 1_569_398_400_000, "contractStatus": "TRADING",
        "marginAsset": market.settle, "contractSize": int(market.contract),
        "underlyingType": "COIN", "underlyingSubType": []}


def ticker_price(exchange, call):
    """Of one symbol, or of all."""
    desk, name = Desk(exchange, call), call.first("symbol")
    wanted = [find(_markets(call), name)] if name else _markets(call)
    answers = [{"symbol": one.id, "price": plain(desk.price(one)), "time": call.now_ms} for one in wanted]
    return Answer(200, answers[0] if name and not call.request.path.startswith("/dapi/") else answers)


def ticker_24h(exchange, call):
    desk, name = Desk(exchange, call), call.first("symbol")
    wanted = [find(_markets(call), name)] if name else _markets(call)
    answers = [_ticker(one, plain(desk.price(one)), call.now_ms) for one in wanted]
    return Answer(200, answers[0] if name and not call.request.path.startswith("/dapi/") else answers)


def _ticker(market, price, now_ms):
    return {
        "symbol": market.id, "lastPrice": price, "bidPrice": price, "askPrice": price, "openPrice": price,
        "highPrice": price, "lowPrice": price, "prevClosePrice": price, "weightedAvgPrice": price,
        "priceChange": "0", "priceChangePercent": "0", "volume": "1000", "quoteVolume": "50000000",
        "bidQty": "10", "askQty": "10", "openTime": now_ms - 86_400_000, "closeTime": now_ms, "count": 1}


def depth(exchange, call):
    price = plain(Desk(exchange, call).price(find(_markets(call), call.first("symbol"))))
    return Answer(200, {
        "lastUpdateId": 1, "E": call.now_ms, "T": call.now_ms, "bids": [[price, "10"]],
        "asks": [[price, "10"]]})


def klines(exchange, call):
    """Candles up to now, all at today's price."""
    price = plain(Desk(exchange, call).price(find(_markets(call), call.first("symbol"))))
    step, unit = call.first("interval")[:-1], UNITS_MS.get(call.first("interval")[-1:])
    if unit is None or not step.isdigit():
        raise Refused(Refusal.PARAMETER, "interval")
    width = int(step) * unit
    limit = min(int(decimal(call.first("limit") or "500", "limit", 0)), 1_000)
    end = min(int(decimal(call.first("endTime") or call.now_ms, "endTime", 0)), call.now_ms) // width
    first = end - limit + 1
    if call.first("startTime"):
        asked = -(-int(decimal(call.first("startTime"), "startTime")) // width)
        first, end = asked, min(end, asked + limit - 1)
    return Answer(200, [
        [at * width, price, price, price, price, "10", (at + 1) * width - 1, "500000", 9, "5", "250000", "0"]
        for at in range(first, end + 1)])


# The account.


def account(exchange, call):
    held = Desk(exchange, call).account
    balances = [
        {"asset": one, "free": plain(held.free(one)), "locked": plain(held.held(one))}
        for one in held.balances]
    return Answer(200, {
        "canTrade": bool(TRADES & call.key.permissions), "accountType": "SPOT", "updateTime": call.now_ms,
        "balances": balances, "permissions": ["SPOT"]})


def futures_account(exchange, call):
    """Balances and positions, and nothing of what the key may do."""
    desk = Desk(exchange, call)
    total, free = plain(desk.account.balances["USDT"]), plain(desk.account.free("USDT"))
    assets = [{
        "asset": one, "walletBalance": plain(amount), "marginBalance": plain(amount),
        "availableBalance": plain(desk.account.free(one)), "initialMargin": plain(desk.account.held(one)),
        "unrealizedProfit": "0", "maintMargin": "0", "updateTime": call.now_ms,
    } for one, amount in desk.account.balances.items()]
    return Answer(200, {
        "totalWalletBalance": total, "totalUnrealizedProfit": "0", "availableBalance": free,
        "assets": assets, "positions": [_position(desk, one) for one in desk.positions(_markets(call))]})


def position_risk(exchange, call):
    desk, name = Desk(exchange, call), call.first("symbol")
    return Answer(200, [
        _position(desk, one) for one in desk.positions(_markets(call)) if name in ("", one.market.id)])


def _position(desk, position):
    market, price = position.market, desk.price(position.market)
    worth = market.worth(position.size, price)
    answer = {
        "symbol": market.id, "positionAmt": plain(position.size), "entryPrice": plain(position.entry),
        "markPrice": plain(price), "unRealizedProfit": plain(position.profit(price)), "leverage": "10",
        "liquidationPrice": "0", "isolatedMargin": "0", "positionSide": "BOTH", "marginType": "cross",
        "initialMargin": plain(abs(worth) / 10), "maintMargin": "0", "updateTime": desk.call.now_ms}
    return {**answer, ("notional" if market.kind == LINEAR else "notionalValue"): plain(worth)}


def brackets(exchange, call):
    bracket = {"bracket": 1, "initialLeverage": 10, "notionalCap": 10**9, "notionalFloor": 0,
               "qtyCap": 10**9, "qtyFloor": 0, "maintMarginRatio": 0.01, "cum": 0}
    return Answer(200, [{"symbol": one.id, "brackets": [bracket]} for one in _markets(call)])


def leverage(exchange, call):
    return Answer(200, {
        "symbol": call.first("symbol"), "leverage": int(decimal(call.first("leverage"), "leverage", 0)),
        "maxNotionalValue": "1000000"})


def coins(exchange, call):
    return Answer(200, [{
        "coin": one, "name": one, "free": "0", "locked": "0", "isLegalMoney": False, "trading": True,
        "depositAllEnable": True, "withdrawAllEnable": True, "networkList": []}
        for one in ("BTC", "ETH", "USDT")])


def margin_pairs(exchange, call):
    return Answer(200, [])


# Orders.


def _ticket(call):
    market, kind = find(_markets(call), call.first("symbol")), call.first("type").upper()
    side = {"BUY": BUY, "SELL": SELL}.get(call.first("side").upper())
    if side is None or kind not in ("LIMIT", "MARKET", "LIMIT_MAKER"):
        raise Refused(Refusal.PARAMETER, "side" if side is None else "type")
    stays = {"IOC": IOC, "FOK": FOK, "GTX": POST_ONLY}.get(call.first("timeInForce"), GTC)
    size, spend = call.first("quantity"), call.first("quoteOrderQty")
    return Ticket(
        market, side, size=decimal(size, "quantity", 0) if size else None,
        price=None if kind == "MARKET" else decimal(call.first("price") or "?", "price", 0),
        spend=decimal(spend, "quoteOrderQty", 0) if spend else None,
        stays=POST_ONLY if kind == "LIMIT_MAKER" else stays,
        reduce_only=str(call.first("reduceOnly")).lower() == "true", client_id=call.first("newClientOrderId"))


def _order(order):
    ticket, market = order.ticket, order.market
    answer = {
        "symbol": market.id, "orderId": int(order.number), "orderListId": -1,
        "clientOrderId": ticket.client_id or f"standin{order.number}", "price": plain(ticket.price) or "0",
        "origQty": plain(order.size), "executedQty": plain(order.filled),
        "status": order.word("NEW", "FILLED", "CANCELED"), "timeInForce": "GTC",
        "type": "MARKET" if ticket.price is None else "LIMIT", "side": ticket.side.upper(), "stopPrice": "0",
        "time": order.created_at, "updateTime": order.updated_at}
    if market.kind == SPOT:
        return {**answer, "transactTime": order.created_at, "isWorking": True,
                "cummulativeQuoteQty": plain(order.cost)}
    return {
        **answer, "avgPrice": plain(order.average), "reduceOnly": ticket.reduce_only, "closePosition": False,
        "positionSide": "BOTH", "workingType": "CONTRACT_PRICE",
        ("cumQuote" if market.kind == LINEAR else "cumBase"): plain(order.cost)}


def place(exchange, call):
    return Answer(200, _order(Desk(exchange, call).place(_ticket(call))))


def test_order(exchange, call):
    _ticket(call)
    return Answer(200, {})


def place_batch(exchange, call):
    return Answer(200, Desk(exchange, call).each(_batch(call), place))


def _batch(call):
    try:
        orders = json.loads(call.first("batchOrders"))
    except ValueError:
        orders = None
    if not isinstance(orders, list) or not all(isinstance(one, dict) for one in orders):
        raise Refused(Refusal.PARAMETER, "batchOrders")
    return orders


def _found(desk, call):
    return desk.find(_markets(call), call.first("orderId"), call.first("origClientOrderId"))


def cancel(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, _order(desk.cancel(_found(desk, call))))


def query(exchange, call):
    try:
        return Answer(200, _order(_found(Desk(exchange, call), call)))
    except Refused:
        return Answer(400, error(-2013, "Order does not exist."))


def amend(exchange, call):
    desk = Desk(exchange, call)
    price, size = decimal(call.first("price"), "price", 0), decimal(call.first("quantity"), "quantity", 0)
    return Answer(200, _order(desk.amend(_found(desk, call), price, size)))


def cancel_replace(exchange, call):
    """The old one goes first, and stays away when the new one is refused."""
    desk = Desk(exchange, call)
    old = desk.find(_markets(call), call.first("cancelOrderId"), call.first("cancelOrigClientOrderId"))
    cancelled = _order(desk.cancel(old))
    try:
        placed = _order(desk.place(_ticket(call)))
    except Refused as refused:
        failure = exchange._refused(refused, call.request).body
        return Answer(409, {**error(-2021, "Order cancel-replace partially failed."), "data": {
            "cancelResult": "SUCCESS", "newOrderResult": "FAILURE", "cancelResponse": cancelled,
            "newOrderResponse": failure}})
    return Answer(200, {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS",
                        "cancelResponse": cancelled, "newOrderResponse": placed})


def _named(call):
    name = call.first("symbol")
    return [find(_markets(call), name)] if name else _markets(call)


def open_orders(exchange, call):
    return Answer(200, [_order(one) for one in Desk(exchange, call).open_orders(_named(call))])


def all_orders(exchange, call):
    return Answer(200, [_order(one) for one in reversed(Desk(exchange, call).orders(_named(call)))])


def trades(exchange, call):
    return Answer(200, [_trade(one) for one in reversed(Desk(exchange, call).fills(_named(call)))])


def _trade(order):
    market, buys = order.market, order.ticket.side == BUY
    answer = {
        "symbol": market.id, "id": int(order.number), "orderId": int(order.number), "time": order.updated_at,
        "price": plain(order.average), "qty": plain(order.filled), "commission": "0",
        "commissionAsset": market.settle}
    if market.kind == SPOT:
        return {**answer, "orderListId": -1, "quoteQty": plain(order.cost), "isBuyer": buys, "isMaker": False,
                "isBestMatch": True}
    return {
        **answer, "side": order.ticket.side.upper(), "buyer": buys, "maker": False, "realizedPnl": "0",
        "positionSide": "BOTH", ("quoteQty" if market.kind == LINEAR else "baseQty"): plain(order.cost)}


def cancel_all(exchange, call):
    desk = Desk(exchange, call)
    cancelled = [_order(desk.cancel(one)) for one in desk.open_orders(_named(call))]
    if not call.request.path.startswith("/api/"):
        return Answer(200, error(200, "The operation of cancel all open order is done."))
    return Answer(200, cancelled) if cancelled else Answer(400, error(-2011, "Unknown order sent."))


def listen_key(exchange, call):
    return Answer(200, {"listenKey": "a-key-that-opens-a-stream-and-is-none"})


def moved(exchange, call):
    return Answer(200, {"id": "7213fea8e94b4a5593d507237e5a555b", "tranId": 100_000_001})


def _derivatives(prefix):
    trade, path = ("trade_derivatives",), f"/{prefix}/v1"
    return {
        **{f"{method} {path}/listenKey": keyed(listen_key, "read") for method in ("POST", "PUT", "DELETE")},
        f"GET {path}/exchangeInfo": public(exchange_info), f"GET {path}/depth": public(depth),
        f"GET {path}/klines": public(klines),
        f"GET {path}/ticker/price": public(ticker_price), f"GET {path}/ticker/24hr": public(ticker_24h),
        f"GET {path}/openOrders": private(open_orders, "read"),
        f"GET {path}/allOrders": private(all_orders, "read"), f"GET {path}/order": private(query, "read"),
        f"GET {path}/userTrades": private(trades, "read"),
        f"POST {path}/order": private(place, *trade), f"PUT {path}/order": private(amend, *trade),
        f"DELETE {path}/order": private(cancel, *trade),
        f"POST {path}/batchOrders": private(place_batch, *trade),
        f"DELETE {path}/allOpenOrders": private(cancel_all, *trade),
        f"GET {path}/leverageBracket": private(brackets, "read"),
        f"POST {path}/leverage": private(leverage, *trade),
    }


_spot = ("trade_spot", "trade_margin")
ROUTES = {
    **_derivatives("fapi"), **_derivatives("dapi"),
    **{f"{method} /api/v3/userDataStream": keyed(listen_key, "read") for method in ("POST", "PUT", "DELETE")},
    "GET /api/v3/exchangeInfo": public(exchange_info), "GET /api/v3/depth": public(depth),
    "GET /api/v3/klines": public(klines),
    "GET /api/v3/ticker/price": public(ticker_price), "GET /api/v3/ticker/24hr": public(ticker_24h),
    "GET /sapi/v1/capital/config/getall": private(coins, "read"),
    "GET /sapi/v1/margin/allPairs": private(margin_pairs, "read"),
    "GET /sapi/v1/margin/isolated/allPairs": private(margin_pairs, "read"),
    "GET /api/v3/account": private(account, "read"),
    "GET /fapi/v2/account": private(futures_account, "read"),
    "GET /fapi/v3/account": private(futures_account, "read"),
    "GET /dapi/v1/account": private(futures_account, "read"),
    "GET /fapi/v2/positionRisk": private(position_risk, "read"),
    "GET /fapi/v3/positionRisk": private(position_risk, "read"),
    "GET /dapi/v1/positionRisk": private(position_risk, "read"),
    "GET /dapi/v2/leverageBracket": private(brackets, "read"),
    "GET /api/v3/openOrders": private(open_orders, "read"), "GET /api/v3/myTrades": private(trades, "read"),
    "GET /api/v3/allOrders": private(all_orders, "read"), "GET /api/v3/order": private(query, "read"),
    "POST /api/v3/order": private(place, *_spot), "POST /api/v3/order/test": private(test_order, *_spot),
    "POST /api/v3/order/cancelReplace": private(cancel_replace, *_spot),
    "DELETE /api/v3/order": private(cancel, *_spot),
    "DELETE /api/v3/openOrders": private(cancel_all, *_spot),
    "POST /sapi/v1/capital/withdraw/apply": moving("withdraw", moved),
    "POST /sapi/v1/localentity/withdraw/apply": moving("withdraw", moved),
    "POST /sapi/v1/asset/transfer": moving("transfer", moved),
    "POST /sapi/v1/futures/transfer": moving("transfer", moved),
    "POST /sapi/v1/sub-account/universalTransfer": moving("transfer", moved),
    "POST /sapi/v1/sub-account/transfer/subToMaster": moving("transfer", moved),
}
WEIGHTS = {
    "GET /api/v3/exchangeInfo": 20, "GET /api/v3/account": 20, "GET /api/v3/openOrders": 6,
    "GET /api/v3/order": 4, "GET /api/v3/allOrders": 20, "GET /api/v3/depth": 5,
    "GET /fapi/v3/account": 5, "GET /fapi/v3/positionRisk": 5,
}
