"""What an account holds: currencies, open orders, and positions in derivatives."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from markets import BUY, MARGIN, SELL, SPOT

# Enough for any test that is about something else.
BEGINNING = {"USDT": 10_000_000, "USD": 10_000_000, "USDC": 10_000_000, "BTC": 100, "ETH": 10_000}


@dataclass
class Position:
    """Size in the market's units, below zero when short."""

    market: object
    size: Decimal = Decimal(0)
    entry: Decimal = Decimal(0)

    def profit(self, price, size=None):
        """Of that much of it, in the settling currency, if it was closed at this price."""
        size = self.size if size is None else size
        return self.market.profit(size, self.entry, price) if size else Decimal(0)


@dataclass
class Account:
    """One wallet for spot and derivatives alike, at every exchange."""

    balances: dict = field(default_factory=lambda: defaultdict(Decimal, {
        currency: Decimal(amount) for currency, amount in BEGINNING.items()}))
    positions: dict = field(default_factory=dict)
    open_orders: dict = field(default_factory=dict)
    # What those hold, by currency and by order, so that nobody adds them up for each new one.
    _held: dict = field(default_factory=lambda: defaultdict(Decimal))
    _reserves: dict = field(default_factory=dict)

    def rest(self, order):
        """From now on it is open, and holds what it may spend."""
        self.open_orders[order.number] = order
        currency, amount = self._reserves[order.number] = reserved(order.ticket, order.left)
        self._held[currency] += amount

    def leave(self, order):
        if self.open_orders.pop(order.number, None) is not None:
            currency, amount = self._reserves.pop(order.number)
            self._held[currency] -= amount

    def held(self, currency):
        """By open orders, and by positions as their margin."""
        margins = sum((one.market.worth(abs(one.size), one.entry) * MARGIN
                       for one in self.positions.values() if one.market.settle == currency), Decimal(0))
        return self._held[currency] + margins

    def free(self, currency):
        return self.balances[currency] - self.held(currency)

    def position(self, market):
        return self.positions.get(market.symbol) or Position(market)

    def reducible(self, ticket):
        """How much of the position an order against it could close."""
        size = self.position(ticket.market).size
        against = SELL if size > 0 else BUY
        return abs(size) if ticket.side == against else Decimal(0)

    def trade(self, order, size, price):
        """Carries out that much of an order."""
        if order.market.kind == SPOT:
            self._swap(order, size, price)
        else:
            self._move(order, size, price)
        order.average = (order.average * order.filled + price * size) / (order.filled + size)
        order.filled += size

    def _swap(self, order, size, price):
        sign = 1 if order.ticket.side == BUY else -1
        self.balances[order.market.base] += sign * size
        self.balances[order.market.quote] -= sign * size * price

    def _move(self, order, size, price):
        """The part against a position closes it with profit or loss, the rest opens one."""
        market, position = order.market, self.position(order.market)
        signed = size if order.ticket.side == BUY else -size
        closing = min(abs(signed), self.reducible(order.ticket))
        if closing:
            closed = closing if position.size > 0 else -closing
            self.balances[market.settle] += position.profit(price, closed)
            position.size -= closed
            signed += closed
        if signed:
            whole = abs(position.size) + abs(signed)
            position.entry = (position.entry * abs(position.size) + price * abs(signed)) / whole
            position.size += signed
        self.positions[market.symbol] = position
        if not position.size:
            del self.positions[market.symbol]


def reserved(ticket, size):
    """Currency and amount that an order holds while it is open."""
    market = ticket.market
    if market.kind == SPOT:
        return (market.quote, size * ticket.price) if ticket.side == BUY else (market.base, size)
    amount = Decimal(0) if ticket.reduce_only else market.worth(size, ticket.price) * MARGIN
    return market.settle, amount
