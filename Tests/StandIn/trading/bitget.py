"""Bitget v2: spot, and `mix` for contracts whose `productType` is what they settle in; sizes in the base."""

from dataclasses import replace

from exchange import moving, private, public
from markets import BUY, FOK, GTC, IOC, POST_ONLY, SELL, SPOT, Ticket, plain
from messages import Answer, Refusal, Refused
from trading import Desk, find, inverse, linear, number, side_of, spot

SPOTS = (spot("BTCUSDT", "BTC"), spot("ETHUSDT", "ETH"))
CONTRACTS = {
    "USDT-FUTURES": (linear("BTCUSDT", "BTC", "1", "0.001"), linear("ETHUSDT", "ETH", "1", "0.01")),
    "COIN-FUTURES": (replace(inverse("BTCUSD", "BTC", "1"), counts_base=True),), "USDC-FUTURES": (),
    "SUSDT-FUTURES": (), "SCOIN-FUTURES": (), "SUSDC-FUTURES": (),
}
STAYS = {"gtc": GTC, "ioc": IOC, "fok": FOK, "post_only": POST_ONLY}


def envelope(code, message, data=None):
    return {"code": code, "msg": message, "requestTime": 1, "data": data}


def ok(data):
    return Answer(200, envelope("00000", "success", data))


REFUSALS = {
    Refusal.SYMBOL: (400, envelope("40034", "Parameter {detail} does not exist")),
    Refusal.SIZE: (400, envelope("40808", "Parameter verification exception size checkBDScale error")),
    Refusal.PRICE: (400, envelope("40808", "Parameter verification exception price checkBDScale error")),
    Refusal.FUNDS: (400, envelope("43012", "Insufficient balance")),
    Refusal.REDUCE_ONLY: (400, envelope("22002", "No position to close")),
    Refusal.NO_POSITION: (400, envelope("22002", "No position to close")),
    Refusal.WOULD_TAKE: (400, envelope("43139", "Post only order will be filled immediately")),
    Refusal.DUPLICATE: (400, envelope("40786", "Duplicate clientOid")),
    Refusal.UNKNOWN_ORDER: (400, envelope("43001", "The order does not exist")),
    Refusal.MAINTENANCE: (503, envelope("40200", "Server upgrade, please try again later")),
    Refusal.BANNED: (429, envelope("429", "Too many requests, banned for {detail} s")),
}
CONTRACT_REFUSALS = {
    Refusal.FUNDS: (400, envelope("40762", "The order amount exceeds the balance")),
    Refusal.UNKNOWN_ORDER: (400, envelope("40768", "Order does not exist")),
}


def contract_refusal(reason, request):
    """The words of contracts, where those are others."""
    return CONTRACT_REFUSALS.get(reason) if request.path.startswith("/api/v2/mix/") else None


def _product(call):
    markets = CONTRACTS.get(call.first("productType").upper())
    if markets is None:
        raise Refused(Refusal.PARAMETER, "productType")
    return markets


def _places(step):
    return -step.normalize().as_tuple().exponent


# Public.


def coins(exchange, call):
    return ok([{"coinId": str(index), "coin": one, "transfer": "true", "chains": []}
               for index, one in enumerate(("BTC", "ETH", "USDT"))])


def symbols(exchange, call):
    return ok([{
        "symbol": one.id, "baseCoin": one.base, "quoteCoin": one.quote,
        "minTradeAmount": plain(one.least_size),
        "maxTradeAmount": "10000", "takerFeeRate": "0", "makerFeeRate": "0", "status": "online",
        "pricePrecision": str(_places(one.price_step)), "quantityPrecision": str(_places(one.size_step)),
        "quotePrecision": "6", "minTradeUSDT": "1", "buyLimitPriceRatio": "0.5", "sellLimitPriceRatio": "0.5",
    } for one in SPOTS])


def nothing(exchange, call):
    return ok([])


def contracts(exchange, call):
    return ok([{
        "symbol": one.id, "baseCoin": one.base, "quoteCoin": one.quote, "buyLimitPriceRatio": "0.05",
        "sellLimitPriceRatio": "0.05", "makerFeeRate": "0", "takerFeeRate": "0",
        "supportMarginCoins": [one.settle],
        "minTradeNum": plain(one.least_size), "priceEndStep": "1", "volumePlace": str(_places(one.size_step)),
        "pricePlace": str(_places(one.price_step)), "sizeMultiplier": plain(one.size_step),
        "symbolType": "perpetual", "minTradeUSDT": "5", "symbolStatus": "normal", "maxLever": "125",
        "deliveryTime": "", "launchTime": "", "limitOpenTime": "-1", "fundInterval": "8",
    } for one in _product(call)])


def tickers(exchange, call):
    markets = SPOTS if "/spot/" in call.request.path else _product(call)
    desk, name, rows = Desk(exchange, call), call.first("symbol"), []
    for market in markets:
        price = plain(desk.price(market))
        rows.append({
            "symbol": market.id, "lastPr": price, "askPr": price, "bidPr": price, "askSz": "10",
            "bidSz": "10",
            "open": price, "high24h": price, "low24h": price, "change24h": "0", "baseVolume": "1000",
            "quoteVolume": "50000000", "usdtVolume": "50000000", "ts": str(call.now_ms), "markPrice": price})
    return ok([one for one in rows if name in ("", one["symbol"])])


# The account.


def assets(exchange, call):
    held, name = Desk(exchange, call).account, call.first("coin")
    return ok([
        {"coin": one, "available": plain(held.free(one)), "frozen": plain(held.held(one)), "locked": "0",
         "limitAvailable": "0", "uTime": str(call.now_ms)} for one in held.balances if name in ("", one)])


def futures_accounts(exchange, call):
    held = Desk(exchange, call).account
    coins_of = {"USDT-FUTURES": ("USDT",), "COIN-FUTURES": ("BTC", "ETH"), "USDC-FUTURES": ("USDC",)}
    wanted = coins_of.get(call.first("productType").upper(), ("USDT",))
    return ok([
        {"marginCoin": one, "locked": "0", "available": plain(held.free(one)), "crossedMaxAvailable": "0",
         "maxTransferOut": plain(held.free(one)), "accountEquity": plain(held.balances[one]),
         "usdtEquity": plain(held.balances[one]), "unrealizedPL": "0"} for one in wanted])


def positions(exchange, call):
    desk = Desk(exchange, call)
    return ok([_position(desk, one) for one in desk.positions(_product(call))])


def _position(desk, position):
    market, price, stamp = position.market, desk.price(position.market), str(desk.call.now_ms)
    worth = market.worth(abs(position.size), price)
    return {
        "symbol": market.id, "marginCoin": market.settle,
        "holdSide": "long" if position.size > 0 else "short",
        "total": plain(abs(position.size)), "available": plain(abs(position.size)), "locked": "0",
        "leverage": "10",
        "openPriceAvg": plain(position.entry), "markPrice": plain(price), "marginMode": "crossed",
        "posMode": "one_way_mode", "unrealizedPL": plain(position.profit(price)), "liquidationPrice": "0",
        "keepMarginRate": "0.004", "marginSize": plain(worth / 10), "cTime": stamp, "uTime": stamp}


def leverage(exchange, call):
    return ok({"symbol": call.first("symbol"), "marginCoin": call.first("marginCoin"),
               "longLeverage": call.first("leverage"), "shortLeverage": call.first("leverage")})


# Orders.


def _ticket(call, markets):
    market, kind = find(markets, call.first("symbol")), call.first("orderType")
    side = side_of(call.first("side"))
    stays = STAYS.get((call.first("force") or "gtc").lower())
    if kind not in ("limit", "market") or stays is None:
        raise Refused(Refusal.PARAMETER, "orderType" if stays else "force")
    size = number(call.first("size") or "?", "size")
    spends = market.kind == SPOT and kind == "market" and side == BUY
    closes = market.kind != SPOT and call.first("tradeSide").lower() == "close"
    if closes:
        # In two-way mode the side is that of the position.
        side = SELL if side == BUY else BUY
    return Ticket(
        market, side, size=None if spends else size, spend=size if spends else None,
        price=None if kind == "market" else number(call.first("price") or "?", "price"),
        stays=GTC if kind == "market" else stays, client_id=call.first("clientOid"),
        reduce_only=closes or call.first("reduceOnly").upper() == "YES")


def _named(order):
    return {"orderId": order.number, "clientOid": order.ticket.client_id}


def _order(order):
    ticket, market, is_market = order.ticket, order.market, order.ticket.price is None
    answer = {
        **_named(order), "userId": "1234567", "symbol": market.id, "side": ticket.side,
        "orderType": "market" if is_market else "limit", "price": plain(ticket.price) or "0",
        "size": plain(order.size), "baseVolume": plain(order.filled), "quoteVolume": plain(order.cost),
        "priceAvg": plain(order.average), "status": order.word("live", "filled", "cancelled"),
        "force": "gtc", "orderSource": "normal", "cTime": str(order.created_at),
        "uTime": str(order.updated_at)}
    if market.kind == SPOT:
        return answer
    return {
        **answer, "state": answer["status"], "posSide": "net", "posMode": "one_way_mode", "leverage": "10",
        "reduceOnly": "YES" if ticket.reduce_only else "NO", "marginCoin": market.settle,
        "marginMode": "crossed", "tradeSide": "open"}


def place(exchange, call):
    return ok(_named(Desk(exchange, call).place(_ticket(call, SPOTS))))


def place_contract(exchange, call):
    return ok(_named(Desk(exchange, call).place(_ticket(call, _product(call)))))


def _batch(function, shared=("symbol",)):
    def batch(exchange, call):
        """What was placed in one list, what was not in another."""
        items = call.values.get("orderList")
        if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
            raise Refused(Refusal.PARAMETER, "orderList")
        common = {name: call.values[name] for name in shared if name in call.values}
        answers = Desk(exchange, call).each([{**common, **one} for one in items], function)
        failed = [
            {"orderId": "", "clientOid": item.get("clientOid", ""), "errorMsg": one["msg"],
             "errorCode": one["code"]}
            for item, one in zip(items, answers) if one["code"] != "00000"]
        placed = [one["data"] for one in answers if one["code"] == "00000"]
        return ok({"successList": placed, "failureList": failed})

    return batch


def _found(desk, call, markets):
    return desk.find(markets, call.first("orderId"), call.first("clientOid"))


def cancel(exchange, call):
    desk = Desk(exchange, call)
    return ok(_named(desk.cancel(_found(desk, call, SPOTS))))


def cancel_contract(exchange, call):
    desk = Desk(exchange, call)
    return ok(_named(desk.cancel(_found(desk, call, _product(call)))))


def cancel_replace(exchange, call):
    desk = Desk(exchange, call)
    old = desk.cancel(_found(desk, call, SPOTS))
    new = desk.place(replace(
        old.ticket, price=number(call.first("price"), "price") or old.price,
        size=number(call.first("size"), "size") or old.left, client_id=call.first("newClientOid")))
    return ok({**_named(new), "success": "success", "msg": None})


def amend_contract(exchange, call):
    desk = Desk(exchange, call)
    order = _found(desk, call, _product(call))
    price, size = number(call.first("newPrice"), "newPrice"), number(call.first("newSize"), "newSize")
    return ok(_named(desk.amend(order, price, size)))


def cancel_symbol(exchange, call):
    desk = Desk(exchange, call)
    for order in desk.open_orders([find(SPOTS, call.first("symbol"))]):
        desk.cancel(order)
    return ok({"symbol": call.first("symbol")})


def cancel_contracts(exchange, call):
    """Those that are named, or all of a symbol or product."""
    desk, name, named = Desk(exchange, call), call.first("symbol"), call.values.get("orderIdList")
    markets = [find(_product(call), name)] if name else _product(call)
    orders = desk.open_orders(markets)
    if isinstance(named, list) and named:
        numbers = {str(one.get("orderId", "")) for one in named if isinstance(one, dict)}
        orders = [one for one in orders if one.number in numbers]
    return ok({"successList": [_named(desk.cancel(one)) for one in orders], "failureList": []})


def close_positions(exchange, call):
    desk, name = Desk(exchange, call), call.first("symbol")
    markets = [find(_product(call), name)] if name else _product(call)
    held = [one.market for one in desk.positions(markets)]
    if not held:
        raise Refused(Refusal.NO_POSITION)
    closed = [{**_named(desk.close(one)), "symbol": one.id} for one in held]
    return ok({"successList": closed, "failureList": []})


def order_info(exchange, call):
    try:
        return ok([_order(_found(Desk(exchange, call), call, SPOTS))])
    except Refused:
        return ok([])


def contract_detail(exchange, call):
    return ok(_order(_found(Desk(exchange, call), call, _product(call))))


def unfilled(exchange, call):
    name = call.first("symbol")
    markets = [find(SPOTS, name)] if name else SPOTS
    return ok([_order(one) for one in Desk(exchange, call).open_orders(markets)])


def pending_contracts(exchange, call):
    name = call.first("symbol")
    markets = [find(_product(call), name)] if name else _product(call)
    orders = [_order(one) for one in Desk(exchange, call).open_orders(markets)]
    return ok({"entrustedList": orders or None, "endId": orders[-1]["orderId"] if orders else None})


def history(exchange, call):
    name = call.first("symbol")
    orders = Desk(exchange, call).orders([find(SPOTS, name)] if name else SPOTS)
    return ok([_order(one) for one in orders if not one.is_open])


def fills(exchange, call):
    name = call.first("symbol")
    return ok([_fill(one) for one in Desk(exchange, call).fills([find(SPOTS, name)] if name else SPOTS)])


def contract_fills(exchange, call):
    name = call.first("symbol")
    markets = [find(_product(call), name)] if name else _product(call)
    rows = [_fill(one) for one in Desk(exchange, call).fills(markets)]
    return ok({"fillList": rows, "endId": rows[-1]["tradeId"] if rows else None})


def _fill(order):
    fee = {"deduction": "no", "feeCoin": order.market.settle, "totalDeductionFee": "0", "totalFee": "0"}
    answer = {
        "symbol": order.market.id, "orderId": order.number, "tradeId": order.number,
        "side": order.ticket.side,
        "orderType": "market" if order.price is None else "limit", "tradeScope": "taker",
        "cTime": str(order.updated_at), "uTime": str(order.updated_at)}
    if order.market.kind == SPOT:
        return {**answer, "priceAvg": plain(order.average), "size": plain(order.filled),
                "amount": plain(order.cost), "feeDetail": fee}
    return {
        **answer, "price": plain(order.average), "baseVolume": plain(order.filled), "profit": "0",
        "quoteVolume": plain(order.cost), "feeDetail": [fee], "tradeSide": "open", "posMode": "one_way_mode"}


def moved(exchange, call):
    return ok({"orderId": "123", "transferId": "123456", "clientOid": call.first("clientOid")})


def unified_only(exchange, call):
    return Answer(400, envelope("40084", "Not a unified account"))


_spot, _mix = ("trade_spot", "trade_margin"), ("trade_derivatives",)
ROUTES = {
    "GET /api/v2/spot/public/coins": public(coins), "GET /api/v2/spot/public/symbols": public(symbols),
    "GET /api/v2/spot/market/tickers": public(tickers), "GET /api/v2/margin/currencies": public(nothing),
    "GET /api/v2/mix/market/contracts": public(contracts), "GET /api/v2/mix/market/tickers": public(tickers),
    "GET /api/v2/mix/market/ticker": public(tickers),
    "GET /api/v3/account/settings": private(unified_only),
    "GET /api/v2/spot/account/assets": private(assets, "read"),
    "GET /api/v2/mix/account/accounts": private(futures_accounts, "read"),
    "GET /api/v2/mix/position/all-position": private(positions, "read"),
    "POST /api/v2/mix/account/set-leverage": private(leverage, *_mix),
    "POST /api/v2/spot/trade/place-order": private(place, *_spot),
    "POST /api/v2/spot/trade/batch-orders": private(_batch(place), *_spot),
    "POST /api/v2/spot/trade/cancel-order": private(cancel, *_spot),
    "POST /api/v2/spot/trade/batch-cancel-order": private(_batch(cancel), *_spot),
    "POST /api/v2/spot/trade/cancel-symbol-order": private(cancel_symbol, *_spot),
    "POST /api/v2/spot/trade/cancel-replace-order": private(cancel_replace, *_spot),
    "GET /api/v2/spot/trade/orderInfo": private(order_info, "read"),
    "GET /api/v2/spot/trade/unfilled-orders": private(unfilled, "read"),
    "GET /api/v2/spot/trade/history-orders": private(history, "read"),
    "GET /api/v2/spot/trade/fills": private(fills, "read"),
    "GET /api/v2/mix/order/fills": private(contract_fills, "read"),
    "POST /api/v2/mix/order/place-order": private(place_contract, *_mix),
    "POST /api/v2/mix/order/batch-place-order": private(
        _batch(place_contract, ("symbol", "productType", "marginCoin", "marginMode")), *_mix),
    "POST /api/v2/mix/order/modify-order": private(amend_contract, *_mix),
    "POST /api/v2/mix/order/cancel-order": private(cancel_contract, *_mix),
    "POST /api/v2/mix/order/batch-cancel-orders": private(cancel_contracts, *_mix),
    "POST /api/v2/mix/order/cancel-all-orders": private(cancel_contracts, *_mix),
    "POST /api/v2/mix/order/close-positions": private(close_positions, *_mix),
    "GET /api/v2/mix/order/detail": private(contract_detail, "read"),
    "GET /api/v2/mix/order/orders-pending": private(pending_contracts, "read"),
    "POST /api/v2/spot/wallet/withdrawal": moving("withdraw", moved),
    "POST /api/v3/account/withdrawal": moving("withdraw", moved),
    "POST /api/v2/spot/wallet/transfer": moving("transfer", moved),
    "POST /api/v2/spot/wallet/subaccount-transfer": moving("transfer", moved),
    "POST /api/v3/account/transfer": moving("transfer", moved),
}
