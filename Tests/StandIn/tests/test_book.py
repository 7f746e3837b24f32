"""The book by itself: what trades, what rests, and what an account may not do."""

import unittest
from decimal import Decimal

from book import Book
from keys import Key
from markets import BUY, FOK, IOC, POST_ONLY, SELL, Ticket
from messages import Refusal, Refused
from trading import inverse, linear, spot

SPOT, LINEAR, INVERSE = spot("S", "BTC"), linear("L", "BTC", "0.01", "1"), inverse("I", "BTC", "100")
KEY, EXCHANGE = Key("okx", "k", secret="s"), "okx"


class BookTest(unittest.TestCase):
    def setUp(self):
        self.book = Book()
        self.account = self.book.account(EXCHANGE, KEY.account)

    def place(self, market, side, size, price=None, **more):
        ticket = Ticket(market, side, Decimal(size), None if price is None else Decimal(price), **more)
        return self.book.place(EXCHANGE, KEY, ticket, 1)

    def move(self, market, price):
        self.book.set_price(EXCHANGE, market.symbol, Decimal(price), 2)

    def refused(self, reason, function, *arguments, **more):
        with self.assertRaises(Refused) as caught:
            function(*arguments, **more)
        self.assertEqual(caught.exception.reason, reason)

    def test_what_the_price_reaches_trades_at_it_and_the_rest_waits(self):
        before = self.account.balances["USDT"]
        order = self.place(SPOT, BUY, "1", "50001")
        self.assertEqual((order.filled, order.average, order.is_open), (1, 50_000, False))
        self.assertEqual(before - self.account.balances["USDT"], 50_000)
        self.assertEqual(self.account.balances["BTC"], 101)
        waiting = self.place(SPOT, BUY, "1", "40000")
        self.assertEqual(self.account.held("USDT"), 40_000)
        self.move(SPOT, "39000")
        self.assertEqual((waiting.filled, waiting.average, self.account.held("USDT")), (1, 40_000, 0))

    def test_a_market_order_may_say_what_to_spend(self):
        ticket = Ticket(SPOT, BUY, spend=Decimal(1_000))
        self.assertEqual(self.book.place(EXCHANGE, KEY, ticket, 1).filled, Decimal("0.02"))

    def test_how_long_an_order_stays(self):
        self.assertFalse(self.place(SPOT, BUY, "1", "40000", stays=IOC).is_open)
        self.assertFalse(self.place(SPOT, BUY, "1", "40000", stays=FOK).is_open)
        self.refused(Refusal.WOULD_TAKE, self.place, SPOT, BUY, "1", "50000", stays=POST_ONLY)
        self.assertTrue(self.place(SPOT, BUY, "1", "40000", stays=POST_ONLY).is_open)

    def test_a_position_opens_reduces_turns_and_closes_with_its_profit(self):
        self.place(LINEAR, BUY, "10")
        self.move(LINEAR, "60000")
        self.place(LINEAR, SELL, "4")
        # 4 contracts of 0.01 BTC, each 10,000 dearer than at entry.
        self.assertEqual(self.account.balances["USDT"] - 10_000_000, 400)
        self.place(LINEAR, SELL, "10")
        position = self.account.position(LINEAR)
        self.assertEqual((position.size, position.entry), (-4, 60_000))
        self.book.close(EXCHANGE, KEY, LINEAR, 3)
        self.assertEqual(self.account.positions, {})
        self.assertEqual(self.account.balances["USDT"] - 10_000_000, 1_000)
        self.refused(Refusal.NO_POSITION, self.book.close, EXCHANGE, KEY, LINEAR, 3)

    def test_an_inverse_position_earns_in_its_base(self):
        self.place(INVERSE, BUY, "10")
        self.move(INVERSE, "100000")
        self.book.close(EXCHANGE, KEY, INVERSE, 3)
        # 1,000 dollars bought 0.02, and buy 0.01 now.
        self.assertEqual(self.account.balances["BTC"], Decimal("100.01"))

    def test_an_order_that_only_reduces_never_opens(self):
        self.refused(Refusal.REDUCE_ONLY, self.place, LINEAR, SELL, "1", reduce_only=True)
        self.place(LINEAR, BUY, "3")
        self.refused(Refusal.REDUCE_ONLY, self.place, LINEAR, BUY, "1", reduce_only=True)
        waiting = self.place(LINEAR, SELL, "3", "60000", reduce_only=True)
        self.assertEqual(self.place(LINEAR, SELL, "9", reduce_only=True).filled, 3)
        self.move(LINEAR, "60000")
        self.assertEqual((waiting.filled, waiting.is_open, self.account.positions), (0, False, {}))
        self.refused(Refusal.REDUCE_ONLY, self.place, SPOT, SELL, "1", reduce_only=True)

    def test_nobody_spends_what_they_have_not(self):
        self.refused(Refusal.FUNDS, self.place, SPOT, SELL, "101")
        self.place(SPOT, SELL, "60", "60000")
        self.refused(Refusal.FUNDS, self.place, SPOT, SELL, "60", "60000")
        # A tenth is the margin: 10,000,000 are enough for 2,000 BTC at 50,000.
        self.refused(Refusal.FUNDS, self.place, LINEAR, BUY, "200001")
        self.place(LINEAR, BUY, "200000")
        self.place(LINEAR, SELL, "200000")

    def test_an_order_is_changed_in_its_place(self):
        order = self.place(SPOT, BUY, "1", "40000")
        self.book.amend(order, 2, price=Decimal(41_000), size=Decimal(2))
        self.assertEqual(self.account.held("USDT"), 82_000)
        self.refused(Refusal.FUNDS, self.book.amend, order, 2, size=Decimal(9_000))
        self.assertEqual((order.size, self.account.held("USDT")), (2, 82_000))
        self.book.amend(order, 2, price=Decimal(50_000))
        self.assertEqual((order.is_open, order.filled), (False, 2))
        self.refused(Refusal.UNKNOWN_ORDER, self.book.amend, order, 2, price=Decimal(1))

    def test_an_order_is_found_by_either_name_and_by_its_own_account_only(self):
        order = self.place(SPOT, BUY, "1", "40000", client_id="mine")
        self.assertIs(self.book.find(EXCHANGE, KEY.account, order.number), order)
        self.assertIs(self.book.find(EXCHANGE, KEY.account, client_id="mine"), order)
        self.refused(Refusal.UNKNOWN_ORDER, self.book.find, EXCHANGE, "another", order.number)
        self.refused(Refusal.UNKNOWN_ORDER, self.book.find, "binance", KEY.account, order.number)
        self.refused(Refusal.DUPLICATE, self.place, SPOT, BUY, "1", "40000", client_id="mine")
        self.book.cancel(order, 2)
        self.refused(Refusal.UNKNOWN_ORDER, self.book.cancel, order, 2)
        self.place(SPOT, BUY, "1", "40000", client_id="mine")

    def test_sizes_and_prices_have_steps(self):
        self.refused(Refusal.SIZE, self.place, SPOT, BUY, "0.000001", "40000")
        self.refused(Refusal.SIZE, self.place, LINEAR, BUY, "0.5")
        self.refused(Refusal.PRICE, self.place, SPOT, BUY, "1", "40000.001")
