import Exchanges
import Testing

@testable import KeyFiles

@Suite struct FreqtradeTests {
    @Test func `a configuration with comments and trailing commas gives its one key`() throws {
        let reading = try KeyFileReading([fixture("freqtrade.json")])
        #expect(
            reading.found.map(\.summary) == [
                "binance - - \"swing bot\" thrF…6789 freqtrade.json#/exchange usable"
            ])
        #expect(reading.found.first?.secretText == "thrFreqtradeSecret0123456789")
        #expect(reading.found.first?.format == .freqtrade)
        #expect(reading.refused.isEmpty)
    }

    @Test func `secrets in a file of their own take the exchange from the other file`() throws {
        let alone = try KeyFileReading([fixture("freqtrade-private.json")])
        #expect(alone.found.map(\.verdict) == [.refused(.noExchange)])
        let main = #"{"dry_run":false,"exchange":{"name":"kucoin","key":"","secret":""}}"#
        let both = try KeyFileReading([fixture("freqtrade-private.json"), keyFile(main)])
        #expect(both.found.map(\.exchange) == [.kucoin])
        #expect(both.found.map(\.verdict) == [.refused(.missing(.passphrase))])
        #expect(both.refused.isEmpty)
    }

    @Test func `ccxt's own names count too`() throws {
        let text = """
            {"exchange": {"name": "bybit", "sandbox": true,
              "ccxt_config": {"apiKey": "thr0123456789", "secret": "thrSecret0123456789"}}}
            """
        #expect(
            try reading(text).found.map(\.summary) == [
                "bybit testnet - \"bybit testnet\" thr0…6789 file#/exchange/ccxt_config usable"
            ])
    }

    @Test func `the example's words are placeholders`() throws {
        let text =
            #"{"exchange":{"name":"binance","key":"your_exchange_key","secret":"your_exchange_secret"}}"#
        #expect(try reading(text).found.map(\.verdict) == [.refused(.placeholder(.apiKey))])
    }

    @Test func `a dry run without keys holds nothing`() throws {
        let text = #"{"exchange":{"key":"","secret":"","pair_whitelist":[]}}"#
        #expect(try reading(text).refused.map(\.reason) == [.nothingFound])
    }
}
