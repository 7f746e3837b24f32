"""MEXC: spot v3, whose parameters stand in the query, and contracts, where numbers stand for words."""

import json

from exchange import moving, private, public
from markets import BUY, FOK, GTC, IOC, POST_ONLY, SELL, Ticket, decimal, plain
from messages import Answer, Refusal, Refused
from trading import Desk, find, inverse, linear, number, side_of, spot

SPOTS = (spot("BTCUSDT", "BTC"), spot("ETHUSDT", "ETH"))
CONTRACTS = (
    linear("BTC_USDT", "BTC", "0.0001", "1"), linear("ETH_USDT", "ETH", "0.01", "1"),
    inverse("BTC_USD", "BTC", "100"),
)
KINDS = {
    "LIMIT": GTC, "MARKET": GTC, "LIMIT_MAKER": POST_ONLY, "IMMEDIATE_OR_CANCEL": IOC, "FILL_OR_KILL": FOK,
}
# Open long, close short, open short, close long.
SIDES = {1: (BUY, False), 2: (BUY, True), 3: (SELL, False), 4: (SELL, True)}
# Limit, post only, immediate or cancel, fill or kill, market, market as a limit at the current price.
CONTRACT_KINDS = {1: GTC, 2: POST_ONLY, 3: IOC, 4: FOK, 5: GTC, 6: GTC}


def error(code, message):
    return {"code": code, "msg": message}


def failure(code, message):
    return 200, {"success": False, "code": code, "message": message}


REFUSALS = {
    Refusal.SYMBOL: (400, error(-1121, "Invalid symbol.")),
    Refusal.SIZE: (400, error(30002, "The minimum transaction volume cannot be less than {detail}")),
    Refusal.PRICE: (400, error(30010, "no valid trade price")),
    Refusal.FUNDS: (400, error(30004, "Insufficient position")),
    Refusal.WOULD_TAKE: (400, error(30041, "current order type can not place order")),
    Refusal.DUPLICATE: (400, error(30026, "invalid order ids")),
    Refusal.UNKNOWN_ORDER: (400, error(-2011, "Unknown order sent.")),
    Refusal.MAINTENANCE: (503, error(801, "System under maintenance")),
    Refusal.BANNED: (403, error(403, "Too many requests, banned for {detail} s")),
}
CONTRACT_REFUSALS = {
    Refusal.SYMBOL: failure(1001, "Contract does not exist"),
    Refusal.SIZE: failure(2011, "Order quantity error"),
    Refusal.PRICE: failure(2007, "Order price error"),
    Refusal.FUNDS: failure(2005, "Balance insufficient"),
    Refusal.REDUCE_ONLY: failure(2009, "Position is not exists or closed."),
    Refusal.NO_POSITION: failure(2009, "Position is not exists or closed."),
    Refusal.WOULD_TAKE: failure(2015, "Post only order would take"),
    Refusal.DUPLICATE: failure(2013, "External order id is duplicated"),
    Refusal.UNKNOWN_ORDER: failure(2040, "Order does not exist"),
    Refusal.PARAMETER: failure(600, "Parameter error: {detail}"),
    Refusal.PERMISSION: failure(702, "No permission to access the endpoint"),
    Refusal.THROTTLED: (200, {"success": False, "code": 510, "message": "Requests are too frequent"}),
}


# Public.


def exchange_info(exchange, call):
    return Answer(200, {"timezone": "CST", "serverTime": call.now_ms, "rateLimits": [], "symbols": [{
        "symbol": one.id, "status": "1", "baseAsset": one.base, "baseAssetPrecision": 5,
        "quoteAsset": one.quote,
        "quotePrecision": 2, "quoteAssetPrecision": 2, "baseCommissionPrecision": 5,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"], "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False, "quoteAmountPrecision": "1",
        "baseSizePrecision": plain(one.size_step),
        "permissions": ["SPOT"], "filters": [], "maxQuoteAmount": "4000000", "makerCommission": "0",
        "takerCommission": "0", "quoteAmountPrecisionMarket": "1", "fullName": one.base, "tradeSideType": 1,
    } for one in SPOTS]})


def ticker_price(exchange, call):
    desk, name = Desk(exchange, call), call.first("symbol")
    wanted = [find(SPOTS, name)] if name else SPOTS
    rows = [{"symbol": one.id, "price": plain(desk.price(one))} for one in wanted]
    return Answer(200, rows[0] if name else rows)


def ticker_24h(exchange, call):
    desk, name = Desk(exchange, call), call.first("symbol")
    rows = []
    for market in [find(SPOTS, name)] if name else SPOTS:
        price = plain(desk.price(market))
        rows.append({
            "symbol": market.id, "lastPrice": price, "bidPrice": price, "askPrice": price, "openPrice": price,
            "highPrice": price, "lowPrice": price, "prevClosePrice": price, "priceChange": "0",
            "priceChangePercent": "0", "volume": "1000", "quoteVolume": "50000000", "bidQty": "10",
            "askQty": "10", "openTime": call.now_ms - 86_400_000, "closeTime": call.now_ms, "count": None})
    return Answer(200, rows[0] if name else rows)


def ok(data):
    return Answer(200, {"success": True, "code": 0, "data": data})


def ping(exchange, call):
    return ok(call.now_ms)


def details(exchange, call):
    return ok([{
        "symbol": one.id, "displayName": one.id, "positionOpenType": 3, "baseCoin": one.base,
        "quoteCoin": one.quote, "settleCoin": one.settle, "contractSize": float(one.contract),
        "minLeverage": 1,
        "maxLeverage": 200, "priceScale": 1, "volScale": 0, "amountScale": 4,
        "priceUnit": float(one.price_step),
        "volUnit": 1, "minVol": 1, "maxVol": 1_000_000, "bidLimitPriceRate": 0.1, "askLimitPriceRate": 0.1,
        "takerFeeRate": 0, "makerFeeRate": 0, "maintenanceMarginRate": 0.004, "initialMarginRate": 0.005,
        "state": 0, "isNew": False, "isHot": False, "isHidden": False, "apiAllowed": True,
    } for one in CONTRACTS])


def contract_ticker(exchange, call):
    desk, name = Desk(exchange, call), call.first("symbol")
    rows = [{
        "symbol": one.id, "lastPrice": float(desk.price(one)), "bid1": float(desk.price(one)),
        "ask1": float(desk.price(one)), "fairPrice": float(desk.price(one)), "volume24": 1_000,
        "indexPrice": float(desk.price(one)), "riseFallRate": 0, "timestamp": call.now_ms,
    } for one in ([find(CONTRACTS, name)] if name else CONTRACTS)]
    return ok(rows[0] if name else rows)


# The account.


def coins(exchange, call):
    return Answer(200, [{"coin": one, "name": one, "networkList": []} for one in ("BTC", "ETH", "USDT")])


def account(exchange, call):
    """What the account may do, whatever the key may."""
    held = Desk(exchange, call).account
    balances = [
        {"asset": one, "free": plain(held.free(one)), "locked": plain(held.held(one))}
        for one in held.balances]
    return Answer(200, {
        "makerCommission": None, "takerCommission": None, "canTrade": True, "canWithdraw": True,
        "canDeposit": True, "updateTime": None, "accountType": "SPOT", "balances": balances,
        "permissions": ["SPOT"], **call.key.extra})


def assets(exchange, call):
    held = Desk(exchange, call).account
    return ok([
        {"currency": one, "positionMargin": 0, "availableBalance": float(held.free(one)), "frozenBalance": 0,
         "cashBalance": float(amount), "equity": float(amount), "unrealized": 0}
        for one, amount in held.balances.items()])


def positions(exchange, call):
    desk = Desk(exchange, call)
    return ok([_position(desk, one) for one in desk.positions(CONTRACTS)])


def _position(desk, position):
    market, price = position.market, desk.price(position.market)
    return {
        "positionId": 1_394_650 + CONTRACTS.index(market), "symbol": market.id, "openType": 2, "state": 1,
        "positionType": 1 if position.size > 0 else 2, "holdVol": int(abs(position.size)), "frozenVol": 0,
        "holdAvgPrice": float(position.entry), "openAvgPrice": float(position.entry), "liquidatePrice": 0,
        "im": float(market.worth(abs(position.size), position.entry) / 10), "leverage": 10,
        "unRealizedPnl": float(position.profit(price)), "realised": 0, "createTime": desk.call.now_ms,
        "updateTime": desk.call.now_ms}


# Spot orders.


def _ticket(call):
    kind = call.first("type").upper()
    if kind not in KINDS:
        raise Refused(Refusal.PARAMETER, "type")
    size = number(call.first("quantity"), "quantity")
    spend = number(call.first("quoteOrderQty"), "quoteOrderQty")
    return Ticket(
        find(SPOTS, call.first("symbol")), side_of(call.first("side")), size=size, spend=spend,
        stays=KINDS[kind],
        price=None if kind == "MARKET" else number(call.first("price") or "?", "price"),
        client_id=call.first("newClientOrderId"))


def _taken(order):
    return {
        "symbol": order.market.id, "orderId": order.number, "orderListId": -1,
        "price": plain(order.price) or "0",
        "origQty": plain(order.size), "type": "MARKET" if order.price is None else "LIMIT",
        "side": order.ticket.side.upper(), "transactTime": order.created_at}


def _spot(order):
    return {
        **_taken(order), "clientOrderId": order.ticket.client_id or None, "executedQty": plain(order.filled),
        "cummulativeQuoteQty": plain(order.cost), "status": order.word("NEW", "FILLED", "CANCELED"),
        "timeInForce": None, "stopPrice": None, "icebergQty": None, "time": order.created_at,
        "updateTime": order.updated_at, "isWorking": True, "origQuoteOrderQty": "0"}


def place(exchange, call):
    return Answer(200, _taken(Desk(exchange, call).place(_ticket(call))))


def test_order(exchange, call):
    _ticket(call)
    return Answer(200, {})


def place_batch(exchange, call):
    try:
        items = json.loads(call.first("batchOrders"))
    except ValueError:
        items = None
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise Refused(Refusal.PARAMETER, "batchOrders")
    return Answer(200, Desk(exchange, call).each(items, place))


def _found(desk, call):
    return desk.find(SPOTS, call.first("orderId"), call.first("origClientOrderId"))


def cancel(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, _spot(desk.cancel(_found(desk, call))))


def query(exchange, call):
    try:
        return Answer(200, _spot(_found(Desk(exchange, call), call)))
    except Refused:
        return Answer(400, error(-2013, "Order does not exist."))


def open_orders(exchange, call):
    market = find(SPOTS, call.first("symbol"))
    return Answer(200, [_spot(one) for one in Desk(exchange, call).open_orders([market])])


def all_orders(exchange, call):
    market = find(SPOTS, call.first("symbol"))
    return Answer(200, [_spot(one) for one in Desk(exchange, call).orders([market])])


def trades(exchange, call):
    filled = Desk(exchange, call).fills([find(SPOTS, call.first("symbol"))])
    return Answer(200, [{
        "symbol": one.market.id, "id": one.number, "orderId": one.number, "orderListId": -1,
        "price": plain(one.average), "qty": plain(one.filled), "quoteQty": plain(one.cost), "commission": "0",
        "commissionAsset": one.market.quote, "time": one.updated_at, "isBuyer": one.ticket.side == BUY,
        "isMaker": False, "isBestMatch": True, "isSelfTrade": False,
        "clientOrderId": None} for one in filled])


def cancel_all(exchange, call):
    """Of up to five symbols, with commas."""
    desk = Desk(exchange, call)
    markets = [find(SPOTS, name) for name in call.first("symbol").split(",")]
    return Answer(200, [_spot(desk.cancel(one)) for one in desk.open_orders(markets)])


# Orders in contracts.


def _contract_ticket(call):
    side, kind = call.first("side"), call.first("type")
    if side not in map(str, SIDES) or kind not in map(str, CONTRACT_KINDS):
        raise Refused(Refusal.PARAMETER, "side" if side not in map(str, SIDES) else "type")
    direction, closes = SIDES[int(side)]
    is_market = kind in ("5", "6")
    size = decimal(call.first("vol") or "?", "vol", 0)
    return Ticket(
        find(CONTRACTS, call.first("symbol")), direction, size=size, stays=CONTRACT_KINDS[int(kind)],
        price=None if is_market else number(call.first("price") or "?", "price"),
        client_id=call.first("externalOid"),
        reduce_only=closes or call.first("reduceOnly").lower() == "true")


def _contract(order):
    ticket = order.ticket
    words = {(BUY, False): 1, (BUY, True): 2, (SELL, False): 3, (SELL, True): 4}
    return {
        "orderId": order.number, "symbol": order.market.id, "positionId": 0, "price": float(order.price or 0),
        "vol": int(order.size), "leverage": 10, "side": words[ticket.side, ticket.reduce_only], "category": 1,
        "orderType": 5 if ticket.price is None else 1, "type": 5 if ticket.price is None else 1,
        "dealAvgPrice": float(order.average), "dealVol": int(order.filled), "orderMargin": 0, "usedMargin": 0,
        "takerFee": 0, "makerFee": 0, "profit": 0, "feeCurrency": order.market.settle, "openType": 2,
        "state": order.word(2, 3, 4), "errorCode": 0, "externalOid": ticket.client_id or f"_m_{order.number}",
        "createTime": order.created_at, "updateTime": order.updated_at}


def place_contract(exchange, call):
    order = Desk(exchange, call).place(_contract_ticket(call))
    return ok({"orderId": order.number, "ts": call.now_ms})


def submit_contract(exchange, call):
    """The former path, which answers the number alone."""
    return ok(Desk(exchange, call).place(_contract_ticket(call)).number)


def cancel_contracts(exchange, call):
    """By their numbers, each by itself."""
    numbers = call.values.get("body")
    if not isinstance(numbers, list):
        raise Refused(Refusal.PARAMETER, "body")
    desk, rows = Desk(exchange, call), []
    for name in map(str, numbers):
        try:
            desk.cancel(desk.find(CONTRACTS, name))
            rows.append({"orderId": name, "errorCode": 0, "errorMsg": "success"})
        except Refused:
            rows.append({"orderId": name, "errorCode": 2040, "errorMsg": "order not exist"})
    return ok(rows)


def cancel_all_contracts(exchange, call):
    desk, name = Desk(exchange, call), call.first("symbol")
    for order in desk.open_orders([find(CONTRACTS, name)] if name else CONTRACTS):
        desk.cancel(order)
    return Answer(200, {"success": True, "code": 0})


def query_contract(exchange, call):
    return ok(_contract(Desk(exchange, call).find(CONTRACTS, call.segment)))


def open_contracts(exchange, call):
    name = call.segment or call.first("symbol")
    markets = [find(CONTRACTS, name)] if name else CONTRACTS
    return ok([_contract(one) for one in Desk(exchange, call).open_orders(markets)])


def deals(exchange, call):
    name = call.first("symbol")
    filled = Desk(exchange, call).fills([find(CONTRACTS, name)] if name else CONTRACTS)
    return ok([{
        "id": int(one.number), "symbol": one.market.id, "side": _contract(one)["side"],
        "vol": int(one.filled),
        "price": float(one.average), "fee": 0, "feeCurrency": one.market.settle, "profit": 0, "category": 1,
        "positionMode": 2, "isTaker": True, "orderId": one.number,
        "timestamp": one.updated_at} for one in filled])


def close_all(exchange, call):
    desk = Desk(exchange, call)
    for held in desk.positions(CONTRACTS):
        desk.close(held.market)
    return Answer(200, {"success": True, "code": 0})


def leverage(exchange, call):
    return Answer(200, {"success": True, "code": 0})


def moved(exchange, call):
    return Answer(200, {"id": "7213fea8e94b4a5593d507237e5a555b", "tranId": "c45d800a47ba"})


_trade, _private = ("trade_spot", "trade_margin"), "/api/v1/private"
ROUTES = {
    "GET /api/v3/exchangeInfo": public(exchange_info), "GET /api/v3/ticker/price": public(ticker_price),
    "GET /api/v3/ticker/24hr": public(ticker_24h), "GET /api/v1/contract/ping": public(ping),
    "GET /api/v1/contract/detail": public(details), "GET /api/v1/contract/ticker": public(contract_ticker),
    "GET /api/v3/capital/config/getall": private(coins, "read"),
    "GET /api/v3/account": private(account, "read"),
    "GET /api/v3/openOrders": private(open_orders, "read"),
    "GET /api/v3/allOrders": private(all_orders, "read"),
    "GET /api/v3/order": private(query, "read"), "POST /api/v3/order": private(place, *_trade),
    "GET /api/v3/myTrades": private(trades, "read"),
    "POST /api/v3/order/test": private(test_order, *_trade),
    "POST /api/v3/batchOrders": private(place_batch, *_trade),
    "DELETE /api/v3/order": private(cancel, *_trade),
    "DELETE /api/v3/openOrders": private(cancel_all, *_trade),
    f"GET {_private}/account/assets": private(assets, "read"),
    f"GET {_private}/position/open_positions": private(positions, "read"),
    f"GET {_private}/order/list/open_orders": private(open_contracts, "read"),
    f"GET {_private}/order/list/open_orders/*": private(open_contracts, "read"),
    f"GET {_private}/order/list/order_deals": private(deals, "read"),
    f"GET {_private}/order/get/*": private(query_contract, "read"),
    f"POST {_private}/order/create": private(place_contract, "trade_derivatives"),
    f"POST {_private}/order/submit": private(submit_contract, "trade_derivatives"),
    f"POST {_private}/order/cancel": private(cancel_contracts, "trade_derivatives"),
    f"POST {_private}/order/cancel_all": private(cancel_all_contracts, "trade_derivatives"),
    f"POST {_private}/position/close_all": private(close_all, "trade_derivatives"),
    f"POST {_private}/position/change_leverage": private(leverage, "trade_derivatives"),
    "POST /api/v3/capital/withdraw": moving("withdraw", moved),
    "POST /api/v3/capital/withdraw/apply": moving("withdraw", moved),
    "POST /api/v3/capital/transfer": moving("transfer", moved),
    "POST /api/v3/capital/transfer/internal": moving("transfer", moved),
    "POST /api/v3/capital/sub-account/universalTransfer": moving("transfer", moved),
}
