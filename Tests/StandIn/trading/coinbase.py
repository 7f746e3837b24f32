"""Coinbase Advanced: an order's kind is the name of its configuration; a refused order is answered 200."""

import datetime

from exchange import moving, private, public
from keys import TRADES
from markets import FOK, GTC, IOC, LINEAR, POST_ONLY, Ticket, plain
from messages import Answer, Refusal, Refused
from trading import Desk, find, is_true, linear, number, side_of, spot

MARKETS = (
    spot("BTC-USDT", "BTC"), spot("ETH-USDT", "ETH"), spot("BTC-USD", "BTC", "USD"),
    linear("BIP-20DEC30-CDE", "BTC", "0.01", "1", quote="USD"),
)
KINDS = {
    "market_market_ioc": GTC, "market_market_fok": GTC, "sor_limit_ioc": IOC, "limit_limit_fok": FOK,
    "limit_limit_gtc": GTC, "limit_limit_gtd": GTC,
}


def failure(status, name, message):
    return status, {"error": name, "error_details": message, "message": message}


def _failed(name, message, reason):
    response = {
        "error": name, "message": message, "error_details": message, "preview_failure_reason": reason}
    return 200, {
        "success": False, "failure_reason": "UNKNOWN_FAILURE_REASON", "order_id": "",
        "error_response": response}


REFUSALS = {
    Refusal.SYMBOL: failure(400, "INVALID_ARGUMENT", "product_id {detail} is unknown"),
    Refusal.SIZE: _failed("INVALID_SIZE_PRECISION", "Size is not accurate", "PREVIEW_INVALID_SIZE_PRECISION"),
    Refusal.PRICE: _failed(
        "INVALID_PRICE_PRECISION", "Price is not accurate", "PREVIEW_INVALID_PRICE_PRECISION"),
    Refusal.FUNDS: _failed(
        "INSUFFICIENT_FUND", "Insufficient balance in source account", "PREVIEW_INSUFFICIENT_FUND"),
    Refusal.REDUCE_ONLY: _failed(
        "UNKNOWN_FAILURE_REASON", "No position to reduce", "PREVIEW_REDUCE_ONLY_NOT_ALLOWED_ON_SPOT"),
    Refusal.NO_POSITION: failure(400, "INVALID_ARGUMENT", "no position in {detail}"),
    Refusal.WOULD_TAKE: _failed(
        "INVALID_LIMIT_PRICE_POST_ONLY", "Post only order would take",
        "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"),
    Refusal.DUPLICATE: failure(400, "INVALID_ARGUMENT", "client_order_id {detail} was used"),
    Refusal.UNKNOWN_ORDER: failure(404, "NOT_FOUND", "order {detail} not found"),
    Refusal.MAINTENANCE: (503, "Service Unavailable\n"),
    Refusal.BANNED: failure(429, "RESOURCE_EXHAUSTED", "Too many requests"),
}


def _time(milliseconds_since_1970):
    moment = datetime.datetime.fromtimestamp(milliseconds_since_1970 / 1_000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


# Public.


def currencies(exchange, call):
    return Answer(200, {"data": [{"id": "USD", "name": "US Dollar", "min_size": "0.01"}]})


def crypto_currencies(exchange, call):
    return Answer(200, {"data": [
        {"asset_id": f"0000000{index}-0000-4000-8000-000000000000", "code": one, "name": one,
         "color": "#000000", "sort_index": index, "exponent": 8, "type": "crypto", "address_regex": ""}
        for index, one in enumerate(("BTC", "ETH", "USDT"))]})


def exchange_rates(exchange, call):
    return Answer(200, {"data": {"currency": "USD", "rates": {"BTC": "0.00002", "USDT": "1"}}})


def old_time(exchange, call):
    return Answer(200, {"data": {"iso": _time(call.now_ms), "epoch": call.now_ms // 1_000}})


def products(exchange, call):
    is_future = call.first("product_type") == "FUTURE"
    desk = Desk(exchange, call)
    listed = [_product(desk, one) for one in MARKETS if (one.kind == LINEAR) == is_future]
    return Answer(200, {"products": listed, "num_products": len(listed)})


def product(exchange, call):
    return Answer(200, _product(Desk(exchange, call), find(MARKETS, call.segment)))


def product_ticker(exchange, call):
    """The last trades, of which there is one, and the best prices."""
    market = find(MARKETS, call.segment)
    price = plain(Desk(exchange, call).price(market))
    trade = {
        "trade_id": "1", "product_id": market.id, "price": price, "size": "1", "time": _time(call.now_ms),
        "side": "BUY", "bid": price, "ask": price}
    return Answer(200, {"trades": [trade], "best_bid": price, "best_ask": price})


def _product(desk, market):
    answer = {
        "product_id": market.id, "price": plain(desk.price(market)), "price_percentage_change_24h": "0",
        "volume_24h": "1000", "base_increment": plain(market.size_step),
        "base_min_size": plain(market.least_size),
        "base_max_size": "9000", "quote_increment": "0.01", "quote_min_size": "1",
        "quote_max_size": "150000000",
        "price_increment": plain(market.price_step), "base_currency_id": market.base,
        "quote_currency_id": market.quote, "base_name": market.base, "quote_name": market.quote,
        "status": "online", "trading_disabled": False, "is_disabled": False, "new": False,
        "cancel_only": False,
        "limit_only": False, "post_only": False, "auction_mode": False, "view_only": False, "alias": "",
        "alias_to": [], "product_type": "SPOT", "display_name": market.id}
    if market.kind != LINEAR:
        return answer
    return {
        **answer, "product_type": "FUTURE", "base_currency_id": "", "display_name": "BTC PERP",
        "future_product_details": {
            "venue": "cde", "contract_code": "BIP", "contract_expiry": "2030-12-20T16:00:00Z",
            "contract_size": plain(market.contract), "contract_root_unit": market.base,
            "contract_expiry_type": "EXPIRING", "funding_interval": "3600s"}}


# The account.


def accounts(exchange, call):
    held = Desk(exchange, call).account
    listed = [{
        "uuid": f"8bfc20d7-f7c6-4422-bf07-8243ca4169f{index}", "name": f"{one} Wallet", "currency": one,
        "available_balance": {"value": plain(held.free(one)), "currency": one}, "default": False,
        "active": True,
        "type": "ACCOUNT_TYPE_FIAT" if one == "USD" else "ACCOUNT_TYPE_CRYPTO", "ready": True,
        "hold": {"value": plain(held.held(one)), "currency": one}, "created_at": _time(call.now_ms),
    } for index, one in enumerate(held.balances)]
    return Answer(200, {"accounts": listed, "has_next": False, "cursor": "", "size": len(listed)})


def old_accounts(exchange, call):
    """Totals only, held or not."""
    held = Desk(exchange, call).account
    listed = [{
        "id": f"58542935-67b5-56e1-a3f9-42686e07fa4{index}", "name": f"{one} Wallet", "primary": index == 0,
        "type": "fiat" if one == "USD" else "wallet", "currency": {"code": one, "name": one},
        "balance": {"amount": plain(amount), "currency": one},
    } for index, (one, amount) in enumerate(held.balances.items())]
    page = {"ending_before": None, "starting_after": None, "limit": 250, "order": "desc", "next_uri": None}
    return Answer(200, {"pagination": page, "data": listed})


def transaction_summary(exchange, call):
    tier = {"pricing_tier": "stand-in", "taker_fee_rate": "0", "maker_fee_rate": "0"}
    return Answer(200, {"total_volume": 0, "total_fees": 0, "fee_tier": tier})


def positions(exchange, call):
    desk = Desk(exchange, call)
    return Answer(200, {"positions": [_position(desk, one) for one in desk.positions(MARKETS)]})


def _position(desk, position):
    price = desk.price(position.market)
    return {
        "product_id": position.market.id, "side": "LONG" if position.size > 0 else "SHORT",
        "number_of_contracts": plain(abs(position.size)), "current_price": plain(price),
        "avg_entry_price": plain(position.entry), "unrealized_pnl": plain(position.profit(price)),
        "daily_realized_pnl": "0", "expiration_time": "2030-12-20T16:00:00Z"}


# Orders. Their ids are the book's numbers at the end of a UUID.


def _id(order):
    return f"00000000-0000-4000-8000-00{order.number}"


def _ticket(call):
    configuration = call.values.get("order_configuration")
    if not isinstance(configuration, dict) or len(configuration) != 1:
        raise Refused(Refusal.PARAMETER, "order_configuration")
    [(kind, fields)] = configuration.items()
    if kind not in KINDS or not isinstance(fields, dict) or not call.first("client_order_id"):
        raise Refused(Refusal.PARAMETER, kind if call.first("client_order_id") else "client_order_id")
    size, spend = fields.get("base_size"), fields.get("quote_size")
    return Ticket(
        find(MARKETS, call.first("product_id")), side_of(call.first("side")), size=number(size, "base_size"),
        spend=number(spend, "quote_size"), client_id=call.first("client_order_id"),
        price=None if kind.startswith("market") else number(fields.get("limit_price") or "?", "limit_price"),
        stays=POST_ONLY if is_true(fields.get("post_only", "")) else KINDS[kind],
        reduce_only=is_true(fields.get("reduce_only", "")))


def _taken(order):
    return Answer(200, {"success": True, "failure_reason": "UNKNOWN_FAILURE_REASON", "success_response": {
        "order_id": _id(order), "product_id": order.market.id, "side": order.ticket.side.upper(),
        "client_order_id": order.ticket.client_id, "attached_order_id": ""}})


def _order(order):
    ticket, is_market = order.ticket, order.ticket.price is None
    size = {"base_size": plain(order.size)}
    limit = {**size, "limit_price": plain(ticket.price), "post_only": ticket.stays == POST_ONLY}
    return {
        "order_id": _id(order), "product_id": order.market.id, "side": ticket.side.upper(),
        "client_order_id": ticket.client_id, "status": order.word("OPEN", "FILLED", "CANCELLED"),
        "order_configuration": {"market_market_ioc": size} if is_market else {"limit_limit_gtc": limit},
        "time_in_force": "IMMEDIATE_OR_CANCEL" if is_market else "GOOD_UNTIL_CANCELLED",
        "created_time": _time(order.created_at), "filled_size": plain(order.filled), "fee": "",
        "average_filled_price": plain(order.average), "number_of_fills": "1" if order.filled else "0",
        "filled_value": plain(order.cost), "total_fees": "0", "size_in_quote": False,
        "order_type": "MARKET" if is_market else "LIMIT", "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "product_type": "FUTURE" if order.market.kind == LINEAR else "SPOT", "settled": not order.is_open,
        "last_fill_time": _time(order.updated_at) if order.filled else None}


def place(exchange, call):
    return _taken(Desk(exchange, call).place(_ticket(call)))


def preview(exchange, call):
    ticket = _ticket(call.with_values({"client_order_id": "preview", **call.values}))
    return Answer(200, {"order_total": "0", "commission_total": "0", "errs": [], "warning": [],
                        "base_size": plain(ticket.size), "quote_size": plain(ticket.spend)})


def cancel(exchange, call):
    """Each by itself, in an answer that is always 200."""
    numbers = call.values.get("order_ids", [])
    if not isinstance(numbers, list):
        raise Refused(Refusal.PARAMETER, "order_ids")
    desk, results = Desk(exchange, call), []
    for name in map(str, numbers):
        try:
            desk.cancel(desk.find(MARKETS, name[-10:]))
            row = {"success": True, "failure_reason": "UNKNOWN_CANCEL_FAILURE_REASON"}
        except Refused:
            row = {"success": False, "failure_reason": "UNKNOWN_CANCEL_ORDER"}
        results.append({**row, "order_id": name})
    return Answer(200, {"results": results})


def amend(exchange, call):
    desk = Desk(exchange, call)
    order = desk.find(MARKETS, call.first("order_id")[-10:])
    desk.amend(order, number(call.first("price"), "price"), number(call.first("size"), "size"))
    return Answer(200, {"success": True, "errors": []})


def close_position(exchange, call):
    """All of it, or that much."""
    desk, market = Desk(exchange, call), find(MARKETS, call.first("product_id"))
    size = number(call.first("size"), "size")
    if size is None:
        return _taken(desk.close(market, call.first("client_order_id")))
    side = "sell" if desk.account.position(market).size > 0 else "buy"
    return _taken(desk.place(Ticket(
        market, side, size=size, reduce_only=True, client_id=call.first("client_order_id"))))


def query(exchange, call):
    return Answer(200, {"order": _order(Desk(exchange, call).find(MARKETS, call.segment[-10:]))})


def listed(exchange, call):
    status, name = call.first("order_status"), call.first("product_id", "product_ids")
    orders = [_order(one) for one in Desk(exchange, call).orders(MARKETS) if name in ("", one.market.id)]
    return Answer(200, {
        "orders": [one for one in orders if status in ("", one["status"])], "sequence": "0",
        "has_next": False,
        "cursor": ""})


def fills(exchange, call):
    name = call.first("product_id", "product_ids")
    filled = [one for one in Desk(exchange, call).fills(MARKETS) if name in ("", one.market.id)]
    return Answer(200, {"fills": [_fill(one) for one in filled], "cursor": ""})


def _fill(order):
    return {
        "entry_id": f"entry-{order.number}", "trade_id": f"trade-{order.number}", "order_id": _id(order),
        "trade_time": _time(order.updated_at), "sequence_timestamp": _time(order.updated_at),
        "trade_type": "FILL", "price": plain(order.average), "size": plain(order.filled), "commission": "0",
        "product_id": order.market.id, "liquidity_indicator": "TAKER", "size_in_quote": False,
        "user_id": "1", "side": order.ticket.side.upper()}


def moved(exchange, call):
    return Answer(200, {"data": {"id": "4117f7d6-5694-5b36-bc8f-847509850ea4", "status": "pending"}})


_prefix = "/api/v3/brokerage"
ROUTES = {
    "GET /v2/currencies": public(currencies), "GET /v2/currencies/crypto": public(crypto_currencies),
    "GET /v2/exchange-rates": public(exchange_rates), "GET /v2/time": public(old_time),
    f"GET {_prefix}/market/products": public(products), f"GET {_prefix}/market/products/*": public(product),
    f"GET {_prefix}/market/products/*/ticker": public(product_ticker),
    f"GET {_prefix}/products/*/ticker": private(product_ticker, "read"),
    f"GET {_prefix}/products": private(products, "read"),
    f"GET {_prefix}/products/*": private(product, "read"),
    f"GET {_prefix}/transaction_summary": private(transaction_summary, "read"),
    f"GET {_prefix}/accounts": private(accounts, "read"),
    "GET /v2/accounts": private(old_accounts, "read"),
    f"GET {_prefix}/cfm/positions": private(positions, "read"),
    f"GET {_prefix}/orders/historical/batch": private(listed, "read"),
    f"GET {_prefix}/orders/historical/fills": private(fills, "read"),
    f"GET {_prefix}/orders/historical/*": private(query, "read"),
    f"POST {_prefix}/orders": private(place, *TRADES),
    f"POST {_prefix}/orders/preview": private(preview, *TRADES),
    f"POST {_prefix}/orders/batch_cancel": private(cancel, *TRADES),
    f"POST {_prefix}/orders/edit": private(amend, *TRADES),
    f"POST {_prefix}/orders/close_position": private(close_position, *TRADES),
    f"POST {_prefix}/portfolios/move_funds": moving("transfer", moved),
    f"POST {_prefix}/convert/quote": moving("transfer", moved),
    "POST /v2/accounts/*/transactions": moving("withdraw", moved),
    "POST /v2/accounts/*/withdrawals": moving("withdraw", moved),
}
