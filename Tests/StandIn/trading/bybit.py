"""Bybit v5: one set of paths, whose `category` tells the markets, and one unified wallet."""

from exchange import moving, private, public
from markets import FOK, GTC, IOC, LINEAR, POST_ONLY, SPOT, Ticket, plain
from messages import Answer, Refusal, Refused
from trading import Desk, find, inverse, is_true, linear, number, side_of, spot

MARKETS = {
    "spot": (spot("BTCUSDT", "BTC"), spot("ETHUSDT", "ETH")),
    "linear": (linear("BTCUSDT", "BTC", "1", "0.001"), linear("ETHUSDT", "ETH", "1", "0.01")),
    "inverse": (inverse("BTCUSD", "BTC", "1"),),
}
TRADES = ("trade_spot", "trade_margin", "trade_derivatives")
WIDTHS_MS = {"D": 86_400_000, "W": 604_800_000}
# Weeks begin on Monday; the epoch was a Thursday.
MONDAY_MS = 4 * 86_400_000


def envelope(code, message, result=None):
    return {"retCode": code, "retMsg": message, "result": result or {}, "retExtInfo": {}}


def ok(call, result, more=None):
    return Answer(200, {**envelope(0, "OK", result), "retExtInfo": more or {}, "time": call.now_ms})


REFUSALS = {
    Refusal.SYMBOL: (200, envelope(10001, "Not supported symbols")),
    Refusal.SIZE: (200, envelope(10001, "Qty invalid")),
    Refusal.PRICE: (200, envelope(10001, "Price invalid")),
    Refusal.FUNDS: (200, envelope(110007, "ab not enough for new order")),
    Refusal.REDUCE_ONLY: (200, envelope(
        110017, "current position is zero, cannot fix reduce-only order qty")),
    Refusal.NO_POSITION: (200, envelope(
        110017, "current position is zero, cannot fix reduce-only order qty")),
    Refusal.WOULD_TAKE: (200, envelope(170218, "The LIMIT-MAKER order is rejected due to invalid price.")),
    Refusal.DUPLICATE: (200, envelope(110072, "OrderLinkedID is duplicate")),
    Refusal.UNKNOWN_ORDER: (200, envelope(110001, "order not exists or too late to cancel")),
    Refusal.MAINTENANCE: (503, "Service Unavailable\n"),
    Refusal.BANNED: (403, "access too frequent\n"),
}
SPOT_REFUSALS = {
    Refusal.FUNDS: (200, envelope(170131, "Insufficient balance.")),
    Refusal.DUPLICATE: (200, envelope(170141, "Duplicate clientOrderId")),
    Refusal.UNKNOWN_ORDER: (200, envelope(170213, "Order does not exist.")),
}


def _markets(call):
    markets = MARKETS.get(call.first("category"))
    if markets is None:
        raise Refused(Refusal.PARAMETER, "category")
    return markets


def _listed(call, items):
    return ok(call, {"category": call.first("category"), "list": items})


# Public.


def instruments(exchange, call):
    if call.first("category") == "option" or call.first("status") == "PreLaunch":
        return _listed(call, [])
    name = call.first("symbol")
    return _listed(call, [_instrument(one) for one in _markets(call) if name in ("", one.id)])


def _instrument(market):
    step = plain(market.size_step)
    answer = {
        "symbol": market.id, "baseCoin": market.base, "quoteCoin": market.quote, "status": "Trading",
        "priceFilter": {"minPrice": "0.1", "maxPrice": "1999999", "tickSize": plain(market.price_step)},
        "lotSizeFilter": {
            "basePrecision": step, "quotePrecision": "0.0000001", "qtyStep": step,
            "minOrderQty": plain(market.least_size), "maxOrderQty": "9000", "minOrderAmt": "5",
            "maxOrderAmt": "8000000", "minNotionalValue": "5"}}
    if market.kind == SPOT:
        return {**answer, "marginTrading": "none", "innovation": "0"}
    kind = "LinearPerpetual" if market.kind == LINEAR else "InversePerpetual"
    return {
        **answer, "contractType": kind, "settleCoin": market.settle, "launchTime": "1585526400000",
        "deliveryTime": "0", "unifiedMarginTrade": True, "fundingInterval": 480,
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100", "leverageStep": "0.01"}}


def tickers(exchange, call):
    desk, name = Desk(exchange, call), call.first("symbol")
    wanted = [find(_markets(call), name)] if name else _markets(call)
    answers = []
    for market in wanted:
        price = plain(desk.price(market))
        answers.append({
            "symbol": market.id, "lastPrice": price, "bid1Price": price, "ask1Price": price, "bid1Size": "10",
            "ask1Size": "10", "prevPrice24h": price, "highPrice24h": price, "lowPrice24h": price,
            "price24hPcnt": "0", "volume24h": "1000", "turnover24h": "50000000", "markPrice": price,
            "indexPrice": price})
    return _listed(call, answers)


def klines(exchange, call):
    """Candles up to now, all at today's price, newest first; the last one is still open."""
    price = plain(Desk(exchange, call).price(find(_markets(call), call.first("symbol"))))
    name = call.first("interval")
    width = WIDTHS_MS.get(name) or (int(name) * 60_000 if name.isdigit() and int(name) else None)
    if width is None:
        raise Refused(Refusal.PARAMETER, "interval")
    origin = MONDAY_MS if name == "W" else 0
    limit = min(int(number(call.first("limit") or "200", "limit")), 1_000)
    end = min(int(number(call.first("end") or str(call.now_ms), "end")), call.now_ms)
    last = (end - origin) // width
    first = last - limit + 1
    if call.first("start"):
        first = max(first, -((origin - int(number(call.first("start"), "start"))) // width))
    rows = [[str(at * width + origin), price, price, price, price, "10", "500000"]
            for at in range(last, first - 1, -1)]
    return ok(call, {"category": call.first("category"), "symbol": call.first("symbol"), "list": rows})


# The account.


def account_info(exchange, call):
    return ok(call, {"unifiedMarginStatus": 6, "marginMode": "REGULAR_MARGIN", "isMasterTrader": False,
                     "spotHedgingStatus": "OFF", "updatedTime": str(call.now_ms)})


def coin_info(exchange, call):
    return ok(call, {"rows": [
        {"coin": one, "name": one, "remainAmount": "1000000", "chains": []}
        for one in ("BTC", "ETH", "USDT")]})


def wallet_balance(exchange, call):
    held = Desk(exchange, call).account
    coins = [{
        "coin": one, "equity": plain(amount), "walletBalance": plain(amount), "locked": plain(held.held(one)),
        "totalOrderIM": "0", "totalPositionIM": "0", "unrealisedPnl": "0", "borrowAmount": "0",
        "accruedInterest": "0", "usdValue": plain(amount), "availableToWithdraw": "",
    } for one, amount in held.balances.items()]
    total = plain(held.balances["USDT"])
    return ok(call, {"list": [{
        "accountType": "UNIFIED", "totalEquity": total, "totalWalletBalance": total,
        "totalAvailableBalance": plain(held.free("USDT")), "coin": coins}]})


def positions(exchange, call):
    desk, name = Desk(exchange, call), call.first("symbol")
    items = [_position(desk, one) for one in desk.positions(_markets(call)) if name in ("", one.market.id)]
    return ok(call, {"category": call.first("category"), "nextPageCursor": "", "list": items})


def _position(desk, position):
    market, price = position.market, desk.price(position.market)
    worth = market.worth(abs(position.size), price)
    return {
        "positionIdx": 0, "symbol": market.id, "side": "Buy" if position.size > 0 else "Sell",
        "size": plain(abs(position.size)), "avgPrice": plain(position.entry), "positionValue": plain(worth),
        "markPrice": plain(price), "leverage": "10", "liqPrice": "", "positionIM": plain(worth / 10),
        "positionMM": "0", "unrealisedPnl": plain(position.profit(price)), "curRealisedPnl": "0",
        "takeProfit": "", "stopLoss": "", "positionStatus": "Normal", "tradeMode": 0,
        "createdTime": str(desk.call.now_ms), "updatedTime": str(desk.call.now_ms)}


def leverage(exchange, call):
    return ok(call, {})


# Orders.


def _ticket(call):
    market, kind = find(_markets(call), call.first("symbol")), call.first("orderType").lower()
    if kind not in ("limit", "market"):
        raise Refused(Refusal.PARAMETER, "orderType")
    side, size = side_of(call.first("side")), number(call.first("qty"), "qty")
    # A spot market buy says what to spend, unless it says otherwise.
    unit = call.first("marketUnit") or ("quoteCoin" if side == "buy" else "baseCoin")
    spends = market.kind == SPOT and kind == "market" and unit == "quoteCoin"
    stays = {"IOC": IOC, "FOK": FOK, "PostOnly": POST_ONLY}.get(call.first("timeInForce"), GTC)
    return Ticket(
        market, side, size=None if spends else size, spend=size if spends else None,
        price=None if kind == "market" else number(call.first("price") or "?", "price"),
        stays=GTC if kind == "market" else stays, reduce_only=is_true(call.first("reduceOnly")),
        client_id=call.first("orderLinkId"))


def _check_permission(call):
    needed = {"trade_spot", "trade_margin"} if call.first("category") == "spot" else {"trade_derivatives"}
    if not needed & call.key.permissions:
        raise Refused(Refusal.PERMISSION)


def _named(order):
    return {"orderId": order.number, "orderLinkId": order.ticket.client_id}


def _order(order):
    ticket, market = order.ticket, order.market
    return {
        **_named(order), "symbol": market.id, "side": ticket.side.capitalize(),
        "orderType": "Market" if ticket.price is None else "Limit", "price": plain(ticket.price) or "0",
        "qty": plain(order.size), "cumExecQty": plain(order.filled), "cumExecValue": plain(order.cost),
        "leavesQty": plain(order.left if order.is_open else 0 * order.left),
        "avgPrice": plain(order.average) if order.filled else "", "timeInForce": "GTC",
        "orderStatus": order.word("New", "Filled", "Cancelled"), "reduceOnly": ticket.reduce_only,
        "cumFeeDetail": {}, "marketUnit": "baseCoin" if market.kind == SPOT else "", "triggerPrice": "",
        "createdTime": str(order.created_at), "updatedTime": str(order.updated_at),
        **({} if market.kind == SPOT else {"tpslMode": "UNKNOWN", "positionIdx": 0})}


def place(exchange, call):
    _check_permission(call)
    return ok(call, _named(Desk(exchange, call).place(_ticket(call))))


def _found(desk, call):
    return desk.find(_markets(call), call.first("orderId"), call.first("orderLinkId"))


def cancel(exchange, call):
    desk = Desk(exchange, call)
    return ok(call, _named(desk.cancel(_found(desk, call))))


def amend(exchange, call):
    desk = Desk(exchange, call)
    _check_permission(call)
    price, size = number(call.first("price"), "price"), number(call.first("qty"), "qty")
    return ok(call, _named(desk.amend(_found(desk, call), price, size)))


def _batch(function):
    def batch(exchange, call):
        """One answer an order, and beside them one code an order."""
        requests = call.values.get("request")
        if not isinstance(requests, list) or not all(isinstance(one, dict) for one in requests):
            raise Refused(Refusal.PARAMETER, "request")
        requests = [{**one, "category": call.first("category")} for one in requests]
        answers = Desk(exchange, call).each(requests, function)
        codes = [{"code": one["retCode"], "msg": one["retMsg"]} for one in answers]
        return ok(call, {"list": [one["result"] for one in answers]}, {"list": codes})

    return batch


def _wanted(call):
    name = call.first("symbol")
    return [find(_markets(call), name)] if name else _markets(call)


def cancel_all(exchange, call):
    desk = Desk(exchange, call)
    cancelled = [_named(desk.cancel(one)) for one in desk.open_orders(_wanted(call))]
    return ok(call, {"list": cancelled, "success": "1"})


def realtime(exchange, call):
    """What is open, or by its name what was open lately."""
    desk = Desk(exchange, call)
    if call.first("orderId", "orderLinkId"):
        try:
            orders = [_found(desk, call)]
        except Refused:
            orders = []
    else:
        orders = desk.open_orders(_wanted(call))
    return ok(call, {
        "category": call.first("category"), "nextPageCursor": "", "list": [_order(one) for one in orders]})


def history(exchange, call):
    orders = [one for one in Desk(exchange, call).orders(_wanted(call)) if not one.is_open]
    wanted = call.first("orderId")
    return ok(call, {
        "category": call.first("category"), "nextPageCursor": "",
        "list": [_order(one) for one in orders if wanted in ("", one.number)]})


def executions(exchange, call):
    return ok(call, {
        "category": call.first("category"), "nextPageCursor": "",
        "list": [_execution(one) for one in Desk(exchange, call).fills(_wanted(call))]})


def _execution(order):
    return {
        **_named(order), "symbol": order.market.id, "execId": f"e{order.number}", "execType": "Trade",
        "side": order.ticket.side.capitalize(), "orderType": "Market" if order.price is None else "Limit",
        "orderPrice": plain(order.price) or "0", "orderQty": plain(order.size), "leavesQty": "0",
        "execPrice": plain(order.average), "execQty": plain(order.filled), "execValue": plain(order.cost),
        "execFee": "0", "feeRate": "0", "feeCurrency": "", "isMaker": False,
        "execTime": str(order.updated_at)}


def moved(exchange, call):
    return ok(call, {"id": "10195", "transferId": call.first("transferId"), "status": "SUCCESS"})


def spot_refusal(reason, request):
    """The words of the spot market, where those are others."""
    about = request.query.encode("latin-1") + request.body
    is_spot = b"category=spot" in about or b'"category":"spot"' in about.replace(b" ", b"")
    return SPOT_REFUSALS.get(reason) if is_spot else None


ROUTES = {
    "GET /v5/market/instruments-info": public(instruments), "GET /v5/market/tickers": public(tickers),
    "GET /v5/market/kline": public(klines),
    "GET /v5/account/info": private(account_info, "read"),
    "GET /v5/asset/coin/query-info": private(coin_info, "read"),
    "GET /v5/account/wallet-balance": private(wallet_balance, "read"),
    "GET /v5/position/list": private(positions, "read"),
    "POST /v5/position/set-leverage": private(leverage, "trade_derivatives"),
    "POST /v5/order/create": private(place, *TRADES), "POST /v5/order/cancel": private(cancel, *TRADES),
    "POST /v5/order/amend": private(amend, *TRADES),
    "POST /v5/order/create-batch": private(_batch(place), *TRADES),
    "POST /v5/order/amend-batch": private(_batch(amend), *TRADES),
    "POST /v5/order/cancel-batch": private(_batch(cancel), *TRADES),
    "POST /v5/order/cancel-all": private(cancel_all, *TRADES),
    "GET /v5/order/realtime": private(realtime, "read"), "GET /v5/order/history": private(history, "read"),
    "GET /v5/execution/list": private(executions, "read"),
    "POST /v5/asset/withdraw/create": moving("withdraw", moved),
    "POST /v5/asset/transfer/inter-transfer": moving("transfer", moved),
    "POST /v5/asset/transfer/universal-transfer": moving("transfer", moved),
}
