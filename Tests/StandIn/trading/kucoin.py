"""KuCoin: spot in its two generations, `orders` and `hf/orders`, and futures, which has a host of its own.

The same path means another thing on the other host.
"""

from exchange import moving, private, public
from markets import FOK, GTC, INVERSE, IOC, POST_ONLY, SPOT, Ticket, plain
from messages import Answer, Refusal, Refused
from trading import Desk, find, inverse, is_true, linear, number, side_of, spot

SPOTS = (spot("BTC-USDT", "BTC"), spot("ETH-USDT", "ETH"))
CONTRACTS = (
    linear("XBTUSDTM", "BTC", "0.001", "1"), linear("ETHUSDTM", "ETH", "0.01", "1"),
    inverse("XBTUSDM", "BTC", "1"),
)
DONE = "order_not_exist_or_not_allow_to_cancel"


def envelope(code, message):
    return {"code": code, "msg": message}


def ok(data):
    return Answer(200, {"code": "200000", "data": data})


REFUSALS = {
    Refusal.SYMBOL: (400, envelope("400100", "symbol not exists")),
    Refusal.SIZE: (400, envelope("400100", "Order size increment invalid.")),
    Refusal.PRICE: (400, envelope("400100", "Price increment invalid.")),
    Refusal.FUNDS: (200, envelope("200004", "Balance insufficient!")),
    Refusal.REDUCE_ONLY: (200, envelope("300009", "No open positions to close.")),
    Refusal.NO_POSITION: (200, envelope("300009", "No open positions to close.")),
    Refusal.WOULD_TAKE: (200, envelope("300017", "The order would be filled immediately.")),
    Refusal.DUPLICATE: (400, envelope("400100", "clientOid is duplicated")),
    Refusal.UNKNOWN_ORDER: (400, envelope("400100", DONE)),
    Refusal.MAINTENANCE: (503, envelope("503", "System maintenance")),
    Refusal.BANNED: (403, envelope("403000", "Too many requests, banned for {detail} s")),
}
FUTURES_REFUSALS = {
    **REFUSALS,
    Refusal.FUNDS: (200, envelope("300003", "Balance insufficient. The order would cost more.")),
    Refusal.UNKNOWN_ORDER: (200, envelope("100004", "The order cannot be canceled.")),
    Refusal.SYMBOL: (200, envelope("100001", "symbol: Contract not exists")),
}


# Public.


def symbols(exchange, call):
    return ok([{
        "symbol": one.id, "name": one.id, "baseCurrency": one.base, "quoteCurrency": one.quote,
        "feeCurrency": one.quote, "market": "USDS", "baseMinSize": plain(one.least_size),
        "quoteMinSize": "0.1",
        "baseMaxSize": "10000", "quoteMaxSize": "99999999", "baseIncrement": plain(one.size_step),
        "quoteIncrement": "0.000001", "priceIncrement": plain(one.price_step), "priceLimitRate": "0.1",
        "minFunds": "0.1", "isMarginEnabled": False, "enableTrading": True, "feeCategory": 1,
    } for one in SPOTS])


def _ticker(desk, market):
    price = plain(desk.price(market))
    return {
        "symbol": market.id, "symbolName": market.id, "buy": price, "sell": price, "last": price,
        "high": price,
        "low": price, "vol": "1000", "volValue": "50000000", "averagePrice": price, "changeRate": "0",
        "changePrice": "0", "takerFeeRate": "0", "makerFeeRate": "0", "takerCoefficient": "1",
        "makerCoefficient": "1", "price": price}


def all_tickers(exchange, call):
    desk = Desk(exchange, call)
    return ok({"time": call.now_ms, "ticker": [_ticker(desk, one) for one in SPOTS]})


def ticker(exchange, call):
    desk = Desk(exchange, call)
    markets = SPOTS if exchange.host == "kucoin" else CONTRACTS
    return ok({"time": call.now_ms, **_ticker(desk, find(markets, call.first("symbol")))})


def currencies(exchange, call):
    return ok([{
        "currency": one, "name": one, "fullName": one, "precision": 8, "confirms": None,
        "contractAddress": None,
        "isMarginEnabled": False, "isDebitEnabled": False, "chains": []} for one in ("BTC", "ETH", "USDT")])


def contracts(exchange, call):
    desk = Desk(exchange, call)
    return ok([_contract(desk, one) for one in CONTRACTS])


def contract(exchange, call):
    return ok(_contract(Desk(exchange, call), find(CONTRACTS, call.segment)))


def _contract(desk, market):
    price, is_inverse = float(desk.price(market)), market.kind == INVERSE
    return {
        "symbol": market.id, "rootSymbol": market.settle, "type": "FFWCSX", "expireDate": None,
        "baseCurrency": "XBT" if market.base == "BTC" else market.base, "quoteCurrency": market.quote,
        "settleCurrency": "XBT" if market.settle == "BTC" else market.settle, "maxOrderQty": 1_000_000,
        "maxPrice": 1_000_000.0, "lotSize": 1, "tickSize": float(market.price_step), "status": "Open",
        "multiplier": -1.0 if is_inverse else float(market.contract), "isInverse": is_inverse,
        "isQuanto": True,
        "makerFeeRate": 0.0, "takerFeeRate": 0.0, "markPrice": price, "indexPrice": price,
        "lastTradePrice": price, "nextFundingRateTime": 17_031_334, "maxLeverage": 100, "firstOpenDate": 1}


# The account.


def _names_by_account(held, kind):
    return [
        {"id": f"{kind}-{one}", "currency": one, "type": kind, "balance": plain(amount),
         "available": plain(held.free(one)), "holds": plain(held.held(one))}
        for one, amount in held.balances.items()]


def accounts(exchange, call):
    held, currency = Desk(exchange, call).account, call.first("currency")
    rows = _names_by_account(held, call.first("type") or "trade")
    return ok([one for one in rows if currency in ("", one["currency"])])


def hf_opened(exchange, call):
    return ok(True)


def account_mode(exchange, call):
    return ok({"selfAccountMode": "CLASSIC"})


def margin_symbols(exchange, call):
    return ok({"timestamp": call.now_ms, "items": []})


def isolated_symbols(exchange, call):
    return ok([])


def overview(exchange, call):
    held, name = Desk(exchange, call).account, call.first("currency") or "XBT"
    currency = "BTC" if name == "XBT" else name
    total, free = held.balances[currency], held.free(currency)
    return ok({
        "currency": name, "accountEquity": float(total), "marginBalance": float(total), "unrealisedPNL": 0,
        "availableBalance": float(free), "positionMargin": 0, "orderMargin": 0, "frozenFunds": 0})


def positions(exchange, call):
    desk = Desk(exchange, call)
    return ok([_position(desk, one) for one in desk.positions(CONTRACTS)])


def _position(desk, position):
    market, price = position.market, desk.price(position.market)
    cost = market.worth(position.size, position.entry)
    return {
        "id": f"5ce3cda60c19fc0d4e9ae7c{CONTRACTS.index(market)}", "symbol": market.id, "crossMode": True,
        "marginMode": "CROSS", "positionSide": "BOTH", "leverage": 10, "currentQty": int(position.size),
        "isOpen": True, "avgEntryPrice": float(position.entry), "markPrice": float(price),
        "posCost": float(cost), "posInit": float(abs(cost) / 10), "posMargin": float(abs(cost) / 10),
        "maintMargin": 0, "unrealisedPnl": float(position.profit(price)), "realisedPnl": 0,
        "liquidationPrice": 0, "settleCurrency": "XBT" if market.settle == "BTC" else market.settle,
        "openingTimestamp": desk.call.now_ms, "currentTimestamp": desk.call.now_ms}


# Orders.


def _ticket(call, markets):
    kind, market = call.first("type") or "limit", find(markets, call.first("symbol"))
    if kind not in ("limit", "market") or not call.first("clientOid"):
        raise Refused(Refusal.PARAMETER, "type" if call.first("clientOid") else "clientOid")
    stays = {"IOC": IOC, "FOK": FOK}.get(call.first("timeInForce"), GTC)
    return Ticket(
        market, side_of(call.first("side")), size=number(call.first("size"), "size"),
        spend=number(call.first("funds"), "funds"), client_id=call.first("clientOid"),
        price=None if kind == "market" else number(call.first("price") or "?", "price"),
        stays=POST_ONLY if is_true(call.first("postOnly")) else stays,
        reduce_only=market.kind != SPOT and is_true(call.first("reduceOnly")))


def _taken(order):
    return {"orderId": order.number, "clientOid": order.ticket.client_id}


def _order(order):
    ticket = order.ticket
    answer = {
        "id": order.number, "clientOid": ticket.client_id, "symbol": order.market.id, "side": ticket.side,
        "type": "market" if ticket.price is None else "limit", "price": plain(ticket.price) or "0",
        "size": plain(order.size), "dealSize": plain(order.filled), "dealFunds": plain(order.cost),
        "fee": "0", "feeCurrency": order.market.quote, "timeInForce": "GTC",
        "postOnly": ticket.stays == POST_ONLY,
        "cancelExist": not order.is_open and not order.is_filled, "isActive": order.is_open,
        "createdAt": order.created_at, "lastUpdatedAt": order.updated_at}
    if order.market.kind == SPOT:
        return {**answer, "active": order.is_open, "funds": "0", "tradeType": "TRADE", "opType": "DEAL"}
    return {
        **answer, "size": int(order.size), "filledSize": int(order.filled), "filledValue": plain(order.cost),
        "status": "open" if order.is_open else "done", "reduceOnly": ticket.reduce_only, "leverage": "10",
        "settleCurrency": order.market.settle, "updatedAt": order.updated_at, "marginMode": "CROSS"}


def place(exchange, call):
    return ok(_taken(Desk(exchange, call).place(_ticket(call, SPOTS))))


def place_contract(exchange, call):
    desk = Desk(exchange, call)
    if is_true(call.first("closeOrder")):
        return ok(_taken(desk.close(find(CONTRACTS, call.first("symbol")), call.first("clientOid"))))
    return ok(_taken(desk.place(_ticket(call, CONTRACTS))))


def test_order(exchange, call):
    ticket = _ticket(call, SPOTS if exchange.host == "kucoin" else CONTRACTS)
    return ok({"orderId": "5bd6e9286d99522a52e458de", "clientOid": ticket.client_id})


def _many(exchange, call, items, function):
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise Refused(Refusal.PARAMETER, "orderList")
    answers = Desk(exchange, call).each(items, function)
    return [
        {**one["data"], "success": True, "code": "200000"} if "data" in one
        else {"success": False, "failMsg": one["msg"], "code": one["code"], "msg": one["msg"]}
        for one in answers]


def place_hf_batch(exchange, call):
    return ok(_many(exchange, call, call.values.get("orderList"), place))


def place_batch(exchange, call):
    return ok({"data": _many(exchange, call, call.values.get("orderList"), place)})


def place_contract_batch(exchange, call):
    return ok(_many(exchange, call, call.values.get("body"), place_contract))


def _cancelled(markets, is_list):
    def cancel(exchange, call):
        desk = Desk(exchange, call)
        order = desk.cancel(desk.find(markets, call.segment))
        return ok({"cancelledOrderIds": [order.number]} if is_list else {"orderId": order.number})

    return cancel


def cancel_by_client(exchange, call):
    markets = SPOTS if exchange.host == "kucoin" else CONTRACTS
    desk = Desk(exchange, call)
    order = desk.cancel(desk.find(markets, client_id=call.segment))
    return ok({"clientOid": call.segment, "cancelledOrderId": order.number})


def _named(call, markets):
    name = call.first("symbol")
    return [find(markets, name)] if name else markets


def _cancel_all(markets, is_list):
    def cancel_all(exchange, call):
        desk = Desk(exchange, call)
        numbers = [desk.cancel(one).number for one in desk.open_orders(_named(call, markets))]
        return ok({"cancelledOrderIds": numbers} if is_list else "success")

    return cancel_all


def alter(exchange, call):
    desk = Desk(exchange, call)
    order = desk.find(SPOTS, call.first("orderId"), call.first("clientOid"))
    price, size = number(call.first("newPrice"), "newPrice"), number(call.first("newSize"), "newSize")
    return ok({"newOrderId": desk.amend(order, price, size).number, "clientOid": order.ticket.client_id})


def _query(markets):
    def query(exchange, call):
        return ok(_order(Desk(exchange, call).find(markets, call.segment)))

    return query


def hf_active(exchange, call):
    return ok([_order(one) for one in Desk(exchange, call).open_orders(_named(call, SPOTS))])


def hf_done(exchange, call):
    orders = [_order(one) for one in Desk(exchange, call).orders(_named(call, SPOTS)) if not one.is_open]
    return ok({"lastId": 0, "items": orders})


def _page(markets):
    def page(exchange, call):
        """One page of all, `active` or `done`."""
        status = call.first("status")
        orders = [
            _order(one) for one in Desk(exchange, call).orders(_named(call, markets))
            if status == "" or one.is_open == (status == "active")]
        return ok({
            "currentPage": 1, "pageSize": 50, "totalNum": len(orders), "totalPage": 1, "items": orders})

    return page


def _fills(markets):
    def fills(exchange, call):
        items = [_fill(one) for one in Desk(exchange, call).fills(_named(call, markets))]
        return ok({"currentPage": 1, "pageSize": 50, "totalNum": len(items), "totalPage": 1, "lastId": 0,
                   "items": items})

    return fills


def _fill(order):
    market, is_spot = order.market, order.market.kind == SPOT
    return {
        "id": int(order.number), "symbol": market.id, "tradeId": order.number, "orderId": order.number,
        "side": order.ticket.side, "liquidity": "taker", "forceTaker": True, "price": plain(order.average),
        "size": plain(order.filled) if is_spot else int(order.filled), "fee": "0", "feeRate": "0",
        ("funds" if is_spot else "value"): plain(order.cost), "feeCurrency": market.settle, "stop": "",
        "tradeType": "TRADE" if is_spot else "trade", "type": "market" if order.price is None else "limit",
        "createdAt": order.updated_at, "tradeTime": order.updated_at * 1_000_000}


def stats(exchange, call):
    desk = Desk(exchange, call)
    return ok({"time": call.now_ms, **_ticker(desk, find(SPOTS, call.first("symbol")))})


def bullet(exchange, call):
    return ok({"token": "a-token-that-opens-a-stream-and-is-none", "instanceServers": []})


def moved(exchange, call):
    return ok({"withdrawalId": "5bffb63303aa675e8bbe18f9", "orderId": "5bffb63303aa675e8bbe18f9"})


_spot, _futures = ("trade_spot", "trade_margin"), ("trade_derivatives",)
ROUTES = {
    "GET /api/v2/symbols": public(symbols), "GET /api/v1/market/allTickers": public(all_tickers),
    "GET /api/v1/market/orderbook/level1": public(ticker), "GET /api/v3/currencies": public(currencies),
    "GET /api/v1/accounts": private(accounts, "read"),
    "GET /api/v1/hf/accounts/opened": private(hf_opened, "read"),
    "GET /api/ua/v1/account/mode": private(account_mode, "read"),
    "GET /api/v3/margin/symbols": private(margin_symbols, "read"),
    "GET /api/v1/isolated/symbols": private(isolated_symbols, "read"),
    "POST /api/v1/orders": private(place, *_spot), "POST /api/v1/hf/orders": private(place, *_spot),
    "POST /api/v1/hf/orders/sync": private(place, *_spot),
    "POST /api/v1/orders/test": private(test_order, *_spot),
    "POST /api/v1/hf/orders/test": private(test_order, *_spot),
    "POST /api/v1/orders/multi": private(place_batch, *_spot),
    "POST /api/v1/hf/orders/multi": private(place_hf_batch, *_spot),
    "POST /api/v1/hf/orders/alter": private(alter, *_spot),
    "DELETE /api/v1/orders": private(_cancel_all(SPOTS, True), *_spot),
    "DELETE /api/v1/hf/orders": private(_cancel_all(SPOTS, False), *_spot),
    "DELETE /api/v1/hf/orders/cancelAll": private(_cancel_all(SPOTS, False), *_spot),
    "DELETE /api/v1/orders/*": private(_cancelled(SPOTS, True), *_spot),
    "DELETE /api/v1/hf/orders/*": private(_cancelled(SPOTS, False), *_spot),
    "DELETE /api/v1/order/client-order/*": private(cancel_by_client, *_spot),
    "DELETE /api/v1/hf/orders/client-order/*": private(cancel_by_client, *_spot),
    "GET /api/v1/orders": private(_page(SPOTS), "read"),
    "GET /api/v1/orders/*": private(_query(SPOTS), "read"),
    "GET /api/v1/hf/orders/active": private(hf_active, "read"),
    "GET /api/v1/hf/orders/done": private(hf_done, "read"),
    "GET /api/v1/hf/orders/*": private(_query(SPOTS), "read"),
    "GET /api/v1/fills": private(_fills(SPOTS), "read"),
    "GET /api/v1/hf/fills": private(_fills(SPOTS), "read"),
    "GET /api/v1/market/stats": public(stats), "POST /api/v1/bullet-private": private(bullet, "read"),
    "POST /api/v1/withdrawals": moving("withdraw", moved),
    "POST /api/v3/withdrawals": moving("withdraw", moved),
    "POST /api/v2/accounts/inner-transfer": moving("transfer", moved),
    "POST /api/v2/accounts/sub-transfer": moving("transfer", moved),
    "POST /api/v3/accounts/universal-transfer": moving("transfer", moved),
}
FUTURES_ROUTES = {
    "GET /api/v1/contracts/active": public(contracts), "GET /api/v1/contracts/*": public(contract),
    "GET /api/v1/ticker": public(ticker), "GET /api/v1/account-overview": private(overview, "read"),
    "GET /api/v1/positions": private(positions, "read"),
    "POST /api/v1/orders": private(place_contract, *_futures),
    "POST /api/v1/orders/test": private(test_order, *_futures),
    "POST /api/v1/orders/multi": private(place_contract_batch, *_futures),
    "DELETE /api/v1/orders": private(_cancel_all(CONTRACTS, True), *_futures),
    "DELETE /api/v3/orders": private(_cancel_all(CONTRACTS, True), *_futures),
    "DELETE /api/v1/orders/*": private(_cancelled(CONTRACTS, True), *_futures),
    "DELETE /api/v1/orders/client-order/*": private(cancel_by_client, *_futures),
    "GET /api/v1/orders": private(_page(CONTRACTS), "read"),
    "GET /api/v1/orders/*": private(_query(CONTRACTS), "read"),
    "GET /api/v1/fills": private(_fills(CONTRACTS), "read"),
    "POST /api/v1/bullet-private": private(bullet, "read"),
    "POST /api/v3/transfer-out": moving("transfer", moved),
    "POST /api/v1/transfer-in": moving("transfer", moved),
}
