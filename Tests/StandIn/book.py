"""Order books simple enough to fill: each market has one price, at which everybody may buy and sell.

An order whose price is as good as that one trades at it, whole and at once; others rest until the price comes
to them, and then trade at their own. There are no fees. The caller holds the desk's lock.
"""

from collections import OrderedDict, defaultdict
from dataclasses import replace
from decimal import Decimal

from accounts import Account, reserved
from markets import BUY, FOK, IOC, POST_ONLY, SELL, SPOT, Order, Ticket
from messages import Refusal, Refused

ORDERS_KEPT = 10_000
FIRST_PRICES = {"BTC": Decimal(50_000), "ETH": Decimal(2_500)}


class Book:
    def __init__(self):
        self._prices, self._accounts = {}, defaultdict(Account)
        # By their numbers, and the newest of each name that a client gave.
        self._orders, self._named, self._number = OrderedDict(), {}, 0

    # Prices and accounts.

    def price(self, exchange, market):
        return self._prices.get((exchange, market.symbol)) or FIRST_PRICES.get(market.base, Decimal(1))

    def set_price(self, exchange, symbol, price, now_ms):
        """What rests, and the price has reached, trades."""
        self._prices[exchange, symbol] = price
        resting = [
            order for order in self._orders.values()
            if order.is_open and order.exchange == exchange and order.market.symbol == symbol
        ]
        for order in resting:
            if _reaches(order.ticket, price):
                self._trade(order, order.left, order.price, now_ms)

    def account(self, exchange, name):
        return self._accounts[exchange, name]

    # Orders.

    def place(self, exchange, key, ticket, now_ms, values=None):
        """The order, traded or resting or cancelled at once; Refused when it cannot be."""
        account = self.account(exchange, key.account)
        namesake = self._named.get((exchange, key.account, ticket.client_id))
        if ticket.client_id and namesake is not None and namesake.is_open:
            raise Refused(Refusal.DUPLICATE, ticket.client_id)
        ticket = self._checked(exchange, account, ticket)
        price = self.price(exchange, ticket.market)
        takes = _reaches(ticket, price)
        if takes and ticket.stays == POST_ONLY:
            raise Refused(Refusal.WOULD_TAKE)
        self._check_funds(account, replace(ticket, price=price if takes else ticket.price))
        order = self._admit(exchange, key, ticket, now_ms, values or {})
        if takes:
            self._trade(order, order.left, price, now_ms)
        elif ticket.stays in (IOC, FOK):
            self._end(order, now_ms)
        else:
            account.rest(order)
        return order

    def cancel(self, order, now_ms):
        if not order.is_open:
            raise Refused(Refusal.UNKNOWN_ORDER, order.number)
        self._end(order, now_ms)
        return order

    def amend(self, order, now_ms, price=None, size=None):
        """Keeps its number; it may trade at its new price. The size is the whole, filled part included."""
        if not order.is_open:
            raise Refused(Refusal.UNKNOWN_ORDER, order.number)
        account = self.account(order.exchange, order.account)
        changed = replace(order.ticket, price=price or order.price, size=size or order.size)
        _check_steps(changed)
        account.leave(order)
        try:
            self._check_funds(account, changed)
            order.ticket, order.updated_at = changed, now_ms
        finally:
            account.rest(order)
        current = self.price(order.exchange, order.market)
        if _reaches(changed, current):
            self._trade(order, order.left, current, now_ms)
        return order

    def close(self, exchange, key, market, now_ms, client_id=""):
        """The whole position, at the market."""
        size = self.account(exchange, key.account).position(market).size
        if not size:
            raise Refused(Refusal.NO_POSITION, market.id)
        side = SELL if size > 0 else BUY
        ticket = Ticket(market, side, size=abs(size), reduce_only=True, client_id=client_id)
        return self.place(exchange, key, ticket, now_ms)

    def find(self, exchange, account, number="", client_id=""):
        """Of this account, by either name; the newest by that client id."""
        order = self._orders.get((exchange, str(number)))
        if order is not None and order.account == account:
            return order
        named = self._named.get((exchange, account, client_id)) if client_id else None
        if named is not None:
            return named
        raise Refused(Refusal.UNKNOWN_ORDER, str(number or client_id))

    def open_orders(self, exchange, account, wanted=lambda order: True):
        return [one for one in self.account(exchange, account).open_orders.values() if wanted(one)]

    def orders(self, exchange=None, api_key=None):
        return [
            order for order in self._orders.values()
            if exchange in (None, order.exchange) and api_key in (None, order.api_key)
        ]

    # What the above is made of.

    def _checked(self, exchange, account, ticket):
        """With its size in numbers, and cut to the position when it may only reduce."""
        if ticket.size is None:
            if ticket.spend is None:
                raise Refused(Refusal.PARAMETER, "size")
            at = ticket.price or self.price(exchange, ticket.market)
            step = ticket.market.size_step
            ticket = replace(ticket, size=ticket.spend / at // step * step)
        _check_steps(ticket)
        if not ticket.reduce_only:
            return ticket
        left = account.reducible(ticket)
        if ticket.market.kind == SPOT or not left:
            raise Refused(Refusal.REDUCE_ONLY)
        return replace(ticket, size=min(ticket.size, left))

    def _check_funds(self, account, ticket):
        market = ticket.market
        opening = ticket.size
        if market.kind != SPOT:
            opening = max(Decimal(0), ticket.size - account.reducible(ticket))
        currency, amount = reserved(ticket, opening)
        if amount > account.free(currency):
            raise Refused(Refusal.FUNDS, currency)

    def _admit(self, exchange, key, ticket, now_ms, values):
        self._number += 1
        order = Order(
            str(7_000_000_000 + self._number), exchange, key.api_key, key.account, ticket, now_ms, now_ms,
            values)
        self._orders[exchange, order.number] = order
        if ticket.client_id:
            self._named[exchange, key.account, ticket.client_id] = order
        if len(self._orders) > ORDERS_KEPT:
            _, oldest = self._orders.popitem(last=False)
            name = (oldest.exchange, oldest.account, oldest.ticket.client_id)
            if self._named.get(name) is oldest:
                del self._named[name]
        return order

    def _trade(self, order, size, price, now_ms):
        """A reducing order trades no more than there is; what is left of it ends."""
        account = self.account(order.exchange, order.account)
        if order.ticket.reduce_only:
            size = min(size, account.reducible(order.ticket))
        if size:
            account.trade(order, size, price)
        self._end(order, now_ms)

    def _end(self, order, now_ms):
        order.is_open, order.updated_at = False, now_ms
        self.account(order.exchange, order.account).leave(order)


def _reaches(ticket, price):
    if ticket.price is None:
        return True
    return ticket.price >= price if ticket.side == BUY else ticket.price <= price


def _check_steps(ticket):
    market = ticket.market
    if ticket.size < market.least_size or ticket.size % market.size_step:
        raise Refused(Refusal.SIZE, "size")
    if ticket.price is not None and (ticket.price <= 0 or ticket.price % market.price_step):
        raise Refused(Refusal.PRICE, "price")
