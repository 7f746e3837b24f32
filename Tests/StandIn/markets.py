"""What is traded, and what an order says: values that every exchange spells in its own way."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from messages import Refusal, Refused

SPOT, LINEAR, INVERSE = "spot", "linear", "inverse"
BUY, SELL = "buy", "sell"
# How long an order stays: until it is cancelled, not at all, whole or not at all, never as a taker.
GTC, IOC, FOK, POST_ONLY = "GTC", "IOC", "FOK", "PO"
# A derivative's margin, as the part of what it is worth.
MARGIN = Decimal("0.1")


@dataclass(frozen=True)
class Market:
    """`contract` is what one unit of size stands for: of the base, or of the quote when inverse.

    An inverse market that `counts_base` has sizes in the base all the same.
    """

    id: str
    kind: str
    base: str
    quote: str
    contract: Decimal = Decimal(1)
    size_step: Decimal = Decimal("0.00001")
    price_step: Decimal = Decimal("0.01")
    least_size: Decimal = Decimal("0.00001")
    counts_base: bool = False

    @property
    def settle(self):
        return self.base if self.kind == INVERSE else self.quote

    @property
    def symbol(self):
        """As ccxt and the control interface write it."""
        pair = f"{self.base}/{self.quote}"
        return pair if self.kind == SPOT else f"{pair}:{self.settle}"

    def worth(self, size, price):
        """In the settling currency; of a spot market in the quote."""
        if self.counts_base:
            return size
        return size * self.contract / price if self.kind == INVERSE else size * self.contract * price

    def profit(self, size, entry, price):
        """In the settling currency, below zero for a loss."""
        if self.counts_base:
            return size * (price - entry) / price
        gain = self.worth(size, price) - self.worth(size, entry)
        return -gain if self.kind == INVERSE else gain


@dataclass
class Ticket:
    """An order as it is asked for. A spot market order may say how much to spend instead of a size."""

    market: Market
    side: str
    size: Decimal = None
    price: Decimal = None
    spend: Decimal = None
    stays: str = GTC
    reduce_only: bool = False
    client_id: str = ""


@dataclass
class Order:
    """A ticket that was taken. `shown` is the number in the exchange's own spelling."""

    number: str
    exchange: str
    api_key: str
    account: str
    ticket: Ticket
    created_at: int
    updated_at: int
    values: dict
    filled: Decimal = Decimal(0)
    average: Decimal = Decimal(0)
    is_open: bool = True

    @property
    def market(self):
        return self.ticket.market

    @property
    def size(self):
        return self.ticket.size

    @property
    def price(self):
        return self.ticket.price

    @property
    def left(self):
        return self.size - self.filled

    @property
    def cost(self):
        return self.market.worth(self.filled, self.average) if self.filled else Decimal(0)

    @property
    def is_filled(self):
        return self.filled == self.size

    def word(self, open_word, filled_word, cancelled_word):
        """The exchange's word for where this order stands."""
        if self.is_open:
            return open_word
        return filled_word if self.is_filled else cancelled_word

    def described(self):
        """For the control interface."""
        ticket = self.ticket
        return {
            "exchange": self.exchange, "api_key": self.api_key, "account": self.account,
            "order_id": self.number, "client_id": ticket.client_id, "symbol": self.market.symbol,
            "side": ticket.side, "size": plain(self.size), "price": plain(self.price),
            "reduce_only": ticket.reduce_only, "filled": plain(self.filled), "open": self.is_open,
            "status": self.word("open", "filled", "cancelled"), "details": self.values,
        }


def decimal(text, name, least=None):
    """A number of a request; Refused when it is none, or not above `least`."""
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        raise Refused(Refusal.PARAMETER, name) from None
    if not value.is_finite() or (least is not None and value <= least):
        raise Refused(Refusal.PARAMETER, name)
    return value


def plain(number):
    """Without an exponent and without zeros at the end; empty for none."""
    if number is None:
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
