"""Gate v4: spot by currency pair, futures by the currency that they settle in, sizes of which have a sign."""

from exchange import moving, private, public
from markets import BUY, FOK, GTC, IOC, POST_ONLY, SELL, Ticket, decimal, plain
from messages import Answer, Refusal, Refused
from trading import Desk, find, inverse, is_true, linear, number, side_of, spot

SPOTS = (spot("BTC_USDT", "BTC"), spot("ETH_USDT", "ETH"))
CONTRACTS = {
    "usdt": (linear("BTC_USDT", "BTC", "0.0001", "1"), linear("ETH_USDT", "ETH", "0.01", "1")),
    "btc": (inverse("BTC_USD", "BTC", "1"),),
}
STAYS = {"gtc": GTC, "ioc": IOC, "fok": FOK, "poc": POST_ONLY}


def error(label, message):
    return {"label": label, "message": message}


REFUSALS = {
    Refusal.SYMBOL: (400, error("INVALID_CURRENCY_PAIR", "Invalid currency pair {detail}")),
    Refusal.SIZE: (400, error("INVALID_PARAM_VALUE", "Your order size is not allowed")),
    Refusal.PRICE: (400, error("INVALID_PARAM_VALUE", "Invalid parameter price")),
    Refusal.FUNDS: (400, error("BALANCE_NOT_ENOUGH", "Not enough balance")),
    Refusal.REDUCE_ONLY: (400, error("INCREASE_POSITION", "reduce-only order would increase the position")),
    Refusal.NO_POSITION: (400, error("POSITION_EMPTY", "position is empty")),
    Refusal.WOULD_TAKE: (400, error("POC_FILL_IMMEDIATELY", "order would match and take immediately")),
    Refusal.DUPLICATE: (400, error("REPEATED_CREATION", "text {detail} was used")),
    Refusal.UNKNOWN_ORDER: (404, error("ORDER_NOT_FOUND", "Order not found")),
    Refusal.MAINTENANCE: (503, error("TOO_BUSY", "system is under maintenance, try again later")),
    Refusal.BANNED: (403, error("FORBIDDEN", "too many requests, try again in {detail} s")),
}


def _settled(call):
    """The contracts of the path's currency: `/api/v4/futures/usdt/…`."""
    return CONTRACTS[call.request.path.split("/")[4]]


# Public.


def currency_pairs(exchange, call):
    return Answer(200, [{
        "id": one.id, "base": one.base, "quote": one.quote, "fee": "0",
        "min_base_amount": plain(one.least_size),
        "min_quote_amount": "1", "amount_precision": 5, "precision": 2, "trade_status": "tradable",
        "sell_start": 0, "buy_start": 0, "base_name": one.base, "quote_name": one.quote, "type": "normal",
    } for one in SPOTS])


def nothing(exchange, call):
    return Answer(200, [])


def currencies(exchange, call):
    return Answer(200, [{
        "currency": one, "name": one, "delisted": False, "withdraw_disabled": False,
        "withdraw_delayed": False,
        "deposit_disabled": False, "trade_disabled": False, "chain": one, "chains": []}
        for one in ("BTC", "ETH", "USDT")])


def tickers(exchange, call):
    desk, name = Desk(exchange, call), call.first("currency_pair")
    return Answer(200, [{
        "currency_pair": one.id, "last": plain(desk.price(one)), "lowest_ask": plain(desk.price(one)),
        "highest_bid": plain(desk.price(one)), "change_percentage": "0", "base_volume": "1000",
        "quote_volume": "50000000", "high_24h": plain(desk.price(one)), "low_24h": plain(desk.price(one)),
    } for one in SPOTS if name in ("", one.id)])


def contracts(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, [_contract(one, plain(desk.price(one))) for one in _settled(call)])


def _contract(market, price):
    is_inverse = market.settle == market.base
    return {
        "name": market.id, "type": "inverse" if is_inverse else "direct", "status": "trading",
        "quanto_multiplier": "0" if is_inverse else plain(market.contract), "leverage_min": "1",
        "leverage_max": "100", "maintenance_rate": "0.005", "mark_type": "index", "mark_price": price,
        "index_price": price, "last_price": price, "maker_fee_rate": "0", "taker_fee_rate": "0",
        "order_price_round": plain(market.price_step), "mark_price_round": "0.01", "funding_rate": "0",
        "order_size_min": 1, "order_size_max": 1_000_000, "order_price_deviate": "0.5",
        "ref_rebate_rate": "0",
        "orders_limit": 50, "in_delisting": False, "enable_decimal": False, "funding_interval": 28_800}


def contract_tickers(exchange, call):
    desk, name = Desk(exchange, call), call.first("contract")
    return Answer(200, [{
        "contract": one.id, "last": plain(desk.price(one)), "mark_price": plain(desk.price(one)),
        "index_price": plain(desk.price(one)), "change_percentage": "0", "volume_24h": "1000",
        "lowest_ask": plain(desk.price(one)), "highest_bid": plain(desk.price(one)),
    } for one in _settled(call) if name in ("", one.id)])


# The account.


def accounts(exchange, call):
    held, name = Desk(exchange, call).account, call.first("currency")
    return Answer(200, [
        {"currency": one, "available": plain(held.free(one)), "locked": plain(held.held(one)), "update_id": 1}
        for one in held.balances if name in ("", one)])


def futures_account(exchange, call):
    held, currency = Desk(exchange, call).account, _settled(call)[0].settle
    return Answer(200, {
        "total": plain(held.balances[currency]), "available": plain(held.free(currency)),
        "currency": currency,
        "position_margin": "0", "order_margin": "0", "unrealised_pnl": "0", "in_dual_mode": False})


def positions(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, [_position(desk, one) for one in desk.positions(_settled(call))])


def position(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, _position(desk, desk.account.position(find(_settled(call), call.segment))))


def _position(desk, its):
    market, price = its.market, desk.price(its.market)
    worth = market.worth(abs(its.size), price)
    return {
        "user": 1667201533, "contract": market.id, "size": int(its.size), "leverage": "0",
        "cross_leverage_limit": "10", "leverage_max": "100", "value": plain(worth),
        "margin": plain(worth / 10),
        "initial_margin": plain(worth / 10), "maintenance_margin": "0", "entry_price": plain(its.entry),
        "mark_price": plain(price), "liq_price": "0", "unrealised_pnl": plain(its.profit(price)),
        "realised_pnl": "0", "mode": "single", "open_time": desk.call.now_ms // 1_000}


def leverage(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, _position(desk, desk.account.position(find(_settled(call), call.segment))))


# Spot orders.


def _ticket(call):
    kind, side = call.first("type") or "limit", side_of(call.first("side"))
    stays = STAYS.get(call.first("time_in_force") or "gtc")
    if kind not in ("limit", "market") or stays is None:
        raise Refused(Refusal.PARAMETER, "type" if stays else "time_in_force")
    size = number(call.first("amount") or "?", "amount")
    spends = kind == "market" and side == BUY
    return Ticket(
        find(SPOTS, call.first("currency_pair")), side, size=None if spends else size,
        spend=size if spends else None, client_id=call.first("text"),
        stays=GTC if kind == "market" else stays,
        price=None if kind == "market" else number(call.first("price") or "?", "price"))


def _spot(order):
    ticket, is_market = order.ticket, order.ticket.price is None
    buys = is_market and ticket.side == BUY
    return {
        "id": order.number, "text": ticket.client_id or "apiv4", "amend_text": "-",
        "create_time": str(order.created_at // 1_000), "update_time": str(order.updated_at // 1_000),
        "create_time_ms": order.created_at, "update_time_ms": order.updated_at,
        "status": order.word("open", "closed", "cancelled"), "currency_pair": order.market.id,
        "type": "market" if is_market else "limit", "account": "spot", "side": ticket.side,
        "amount": plain(order.cost if buys else order.size), "price": plain(ticket.price) or "0",
        "time_in_force": "ioc" if is_market else "gtc", "left": plain(0 * order.left if buys else order.left),
        "filled_amount": plain(order.filled), "fill_price": plain(order.cost),
        "filled_total": plain(order.cost),
        "avg_deal_price": plain(order.average), "fee": "0", "fee_currency": order.market.base,
        "finish_as": order.word("open", "filled", "cancelled")}


def place(exchange, call):
    return Answer(201, _spot(Desk(exchange, call).place(_ticket(call))))


def _found(desk, call, name, markets):
    """An order's id, or the text that it was given."""
    if name.startswith("t-"):
        return desk.find(markets, client_id=name)
    return desk.find(markets, name)


def cancel(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, _spot(desk.cancel(_found(desk, call, call.segment or call.first("id"), SPOTS))))


def query(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, _spot(_found(desk, call, call.segment, SPOTS)))


def amend(exchange, call):
    desk = Desk(exchange, call)
    order = _found(desk, call, call.segment, SPOTS)
    price, size = number(call.first("price"), "price"), number(call.first("amount"), "amount")
    return Answer(200, _spot(desk.amend(order, price, size)))


def _batch(function):
    def batch(exchange, call):
        items = call.values.get("body")
        if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
            raise Refused(Refusal.PARAMETER, "body")
        answers = Desk(exchange, call).each(items, function)
        return Answer(200, [
            {**one, "succeeded": "label" not in one, "label": one.get("label", ""),
             "message": one.get("message", "")} for one in answers])

    return batch


def _named(call, markets, parameter):
    name = call.first(parameter)
    return [find(markets, name)] if name else markets


def listed(exchange, call):
    status, desk = call.first("status"), Desk(exchange, call)
    orders = desk.orders(_named(call, SPOTS, "currency_pair"))
    return Answer(200, [_spot(one) for one in orders if one.is_open == (status == "open")])


def open_orders(exchange, call):
    desk, rows = Desk(exchange, call), []
    for market in SPOTS:
        orders = [_spot(one) for one in desk.open_orders([market])]
        if orders:
            rows.append({"currency_pair": market.id, "total": len(orders), "orders": orders})
    return Answer(200, rows)


def cancel_all(exchange, call):
    desk = Desk(exchange, call)
    orders = desk.open_orders(_named(call, SPOTS, "currency_pair"))
    return Answer(200, [{**_spot(desk.cancel(one)), "succeeded": True} for one in orders])


# Orders in futures.


def _contract_ticket(call):
    market, size = find(_settled(call), call.first("contract")), decimal(call.first("size") or "?", "size")
    stays = STAYS.get(call.first("tif") or "gtc")
    price = decimal(call.first("price") or "0", "price")
    if stays is None or not size or price < 0:
        raise Refused(Refusal.PARAMETER, "size" if stays else "tif")
    return Ticket(
        market, BUY if size > 0 else SELL, size=abs(size), price=price or None,
        stays=stays if price else GTC, client_id=call.first("text"),
        reduce_only=is_true(call.first("reduce_only")))


def _future(order):
    ticket = order.ticket
    sign = 1 if ticket.side == BUY else -1
    return {
        "id": int(order.number), "user": 1667201533, "contract": order.market.id,
        "create_time": order.created_at / 1_000, "finish_time": order.updated_at / 1_000,
        "size": sign * int(order.size), "left": sign * int(order.left), "price": plain(ticket.price) or "0",
        "fill_price": plain(order.average), "tif": "ioc" if ticket.price is None else "gtc", "iceberg": 0,
        "text": ticket.client_id or "api", "is_reduce_only": ticket.reduce_only, "is_close": False,
        "is_liq": False,
        "status": "open" if order.is_open else "finished", "tkfr": "0", "mkfr": "0",
        "finish_as": order.word("open", "filled", "cancelled")}


def place_contract(exchange, call):
    desk = Desk(exchange, call)
    if is_true(call.first("close")):
        market = find(_settled(call), call.first("contract"))
        return Answer(201, _future(desk.close(market, call.first("text"))))
    return Answer(201, _future(desk.place(_contract_ticket(call))))


def cancel_contract(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, _future(desk.cancel(_found(desk, call, call.segment, _settled(call)))))


def query_contract(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, _future(_found(desk, call, call.segment, _settled(call))))


def amend_contract(exchange, call):
    desk = Desk(exchange, call)
    size = decimal(call.first("size") or "0", "size")
    order = _found(desk, call, call.segment, _settled(call))
    return Answer(200, _future(desk.amend(order, number(call.first("price"), "price"), abs(size) or None)))


def listed_contracts(exchange, call):
    orders = Desk(exchange, call).orders(_named(call, _settled(call), "contract"))
    return Answer(200, [_future(one) for one in orders if one.is_open == (call.first("status") == "open")])


def cancel_all_contracts(exchange, call):
    desk = Desk(exchange, call)
    orders = desk.open_orders(_named(call, _settled(call), "contract"))
    return Answer(200, [_future(desk.cancel(one)) for one in orders])


def trades(exchange, call):
    filled = Desk(exchange, call).fills(_named(call, SPOTS, "currency_pair"))
    return Answer(200, [{
        "id": one.number, "create_time": str(one.updated_at // 1_000),
        "create_time_ms": f"{one.updated_at}.0",
        "currency_pair": one.market.id, "side": one.ticket.side, "role": "taker", "amount": plain(one.filled),
        "price": plain(one.average), "order_id": one.number, "fee": "0", "fee_currency": one.market.base,
        "text": one.ticket.client_id or "apiv4", "sequence_id": one.number} for one in filled])


def contract_trades(exchange, call):
    filled = Desk(exchange, call).fills(_named(call, _settled(call), "contract"))
    return Answer(200, [{
        "id": int(one.number), "trade_id": one.number, "create_time": one.updated_at / 1_000,
        "contract": one.market.id,
        "order_id": one.number, "size": int(one.filled) * (1 if one.ticket.side == BUY else -1),
        "price": plain(one.average), "role": "taker", "text": one.ticket.client_id or "api", "fee": "0",
        "point_fee": "0"} for one in filled])


def moved(exchange, call):
    return Answer(200, {"id": "210496", "tx_id": 59_636_381_286, "currency": call.first("currency")})


def _futures(settle):
    path, trade = f"/api/v4/futures/{settle}", ("trade_derivatives",)
    return {
        f"GET {path}/contracts": public(contracts), f"GET {path}/tickers": public(contract_tickers),
        f"GET {path}/accounts": private(futures_account, "read"),
        f"GET {path}/positions": private(positions, "read"),
        f"GET {path}/positions/*": private(position, "read"),
        f"POST {path}/positions/*/leverage": private(leverage, *trade),
        f"POST {path}/orders": private(place_contract, *trade),
        f"POST {path}/batch_orders": private(_batch(place_contract), *trade),
        f"GET {path}/orders": private(listed_contracts, "read"),
        f"GET {path}/my_trades": private(contract_trades, "read"),
        f"GET {path}/my_trades_timerange": private(contract_trades, "read"),
        f"GET {path}/orders/*": private(query_contract, "read"),
        f"PUT {path}/orders/*": private(amend_contract, *trade),
        f"DELETE {path}/orders/*": private(cancel_contract, *trade),
        f"DELETE {path}/orders": private(cancel_all_contracts, *trade),
    }


_trade = ("trade_spot", "trade_margin")
ROUTES = {
    **_futures("usdt"), **_futures("btc"),
    "GET /api/v4/spot/currency_pairs": public(currency_pairs),
    "GET /api/v4/spot/currencies": public(currencies),
    "GET /api/v4/spot/tickers": public(tickers), "GET /api/v4/margin/currency_pairs": public(nothing),
    "GET /api/v4/delivery/usdt/contracts": public(nothing),
    "GET /api/v4/delivery/btc/contracts": public(nothing),
    "GET /api/v4/options/underlyings": public(nothing), "GET /api/v4/options/contracts": public(nothing),
    "GET /api/v4/spot/accounts": private(accounts, "read"),
    "GET /api/v4/spot/my_trades": private(trades, "read"),
    "GET /api/v4/spot/open_orders": private(open_orders, "read"),
    "GET /api/v4/spot/orders": private(listed, "read"), "GET /api/v4/spot/orders/*": private(query, "read"),
    "POST /api/v4/spot/orders": private(place, *_trade),
    "PATCH /api/v4/spot/orders/*": private(amend, *_trade),
    "POST /api/v4/spot/batch_orders": private(_batch(place), *_trade),
    "POST /api/v4/spot/cancel_batch_orders": private(_batch(cancel), *_trade),
    "DELETE /api/v4/spot/orders/*": private(cancel, *_trade),
    "DELETE /api/v4/spot/orders": private(cancel_all, *_trade),
    "POST /api/v4/withdrawals": moving("withdraw", moved),
    "POST /api/v4/withdrawals/push": moving("withdraw", moved),
    "POST /api/v4/wallet/transfers": moving("transfer", moved),
    "POST /api/v4/wallet/sub_account_transfers": moving("transfer", moved),
    "POST /api/v4/wallet/sub_account_to_sub_account": moving("transfer", moved),
}
