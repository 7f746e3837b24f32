"""The exchanges played here, one module each."""

from .binance import Binance
from .bybit import Bybit
from .coinbase import Coinbase
from .kraken import Kraken
from .kucoin import KuCoin
from .okx import OKX

ALL = (Binance, Bybit, OKX, Kraken, Coinbase, KuCoin)
