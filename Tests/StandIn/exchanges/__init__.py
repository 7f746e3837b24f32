"""The exchanges played here, one module each. Where hosts share paths, each host is one here."""

from .binance import Binance
from .bitget import Bitget
from .bybit import Bybit
from .coinbase import Coinbase
from .gate import Gate
from .kraken import Kraken
from .kucoin import KuCoin, KuCoinFutures
from .mexc import MEXC
from .okx import OKX

ALL = (Binance, Bybit, OKX, Kraken, Coinbase, KuCoin, KuCoinFutures, Gate, Bitget, MEXC)
