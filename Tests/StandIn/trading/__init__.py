"""How each exchange writes markets, accounts and orders, one module each, over the one book."""

from decimal import Decimal

from markets import BUY, INVERSE, LINEAR, SELL, SPOT, Market, decimal
from messages import Refusal, Refused

# BTC and ETH against dollars, and what each exchange calls them.
SPOT_STEPS = {
    "BTC": {"size_step": Decimal("0.00001"), "least_size": Decimal("0.00001")},
    "ETH": {"size_step": Decimal("0.0001"), "least_size": Decimal("0.0001")},
}


def spot(name, base, quote="USDT", **more):
    return Market(name, SPOT, base, quote, **{**SPOT_STEPS[base], **more})


def linear(name, base, contract, size_step, quote="USDT"):
    """One unit of size is that much of the base."""
    contract, step = Decimal(contract), Decimal(size_step)
    return Market(name, LINEAR, base, quote, contract, step, Decimal("0.1"), step)


def inverse(name, base, contract, quote="USD"):
    """One unit of size is that much of the quote, and settled in the base."""
    return Market(name, INVERSE, base, quote, Decimal(contract), Decimal(1), Decimal("0.1"), Decimal(1))


def find(markets, name):
    market = next((one for one in markets if one.id == name), None)
    if market is None:
        raise Refused(Refusal.SYMBOL, name)
    return market


def side_of(text):
    side = {"buy": BUY, "sell": SELL}.get(text.lower())
    if side is None:
        raise Refused(Refusal.PARAMETER, "side")
    return side


def number(text, name):
    """Above zero, or None where nothing is said."""
    return decimal(text, name, least=0) if text else None


def is_true(text):
    return str(text).lower() in ("true", "1", "yes")


class Desk:
    """The book as one request sees it: with its exchange, its account and its moment."""

    def __init__(self, exchange, call):
        self.exchange, self.call, self.book = exchange, call, exchange.desk.book
        self.account = self.book.account(exchange.name, call.key.account) if call.key else None

    def price(self, market):
        return self.book.price(self.exchange.name, market)

    def place(self, ticket):
        return self.book.place(self.exchange.name, self.call.key, ticket, self.call.now_ms, self.call.values)

    def find(self, markets, number="", client_id=""):
        """Of this account, in one of these markets."""
        order = self.book.find(self.exchange.name, self.call.key.account, number, client_id)
        if order.market not in markets:
            raise Refused(Refusal.UNKNOWN_ORDER, number or client_id)
        return order

    def cancel(self, order):
        return self.book.cancel(order, self.call.now_ms)

    def amend(self, order, price=None, size=None):
        return self.book.amend(order, self.call.now_ms, price, size)

    def close(self, market, client_id=""):
        return self.book.close(self.exchange.name, self.call.key, market, self.call.now_ms, client_id)

    def open_orders(self, markets):
        return self.book.open_orders(
            self.exchange.name, self.call.key.account, lambda order: order.market in markets)

    def orders(self, markets):
        """Open or not, the newest first."""
        mine = (one for one in reversed(self.book.orders(self.exchange.name)) if one.market in markets)
        return [one for one in mine if one.account == self.call.key.account]

    def fills(self, markets):
        """Orders that traded, the newest first: each did so at once, and its number is its trade's, too."""
        return [one for one in self.orders(markets) if one.filled]

    def positions(self, markets):
        return [one for one in self.account.positions.values() if one.market in markets]

    def each(self, items, function):
        """What the function makes of each item of a batch, or of why it was refused."""
        answers = []
        for values in items:
            try:
                answers.append(function(self.exchange, self.call.with_values(values)).body)
            except Refused as refused:
                answers.append(self.exchange._refused(refused, self.call.request).body)
        return answers
