import Exchanges
import Testing

@testable import KeyFiles

@Suite struct EnvTests {
    @Test func `a file as desks have it is read to the last key`() throws {
        let reading = try KeyFileReading([fixture("dotenv")])
        #expect(
            reading.found.map(\.summary) == [
                "binance - - \"binance\" thrM…6789 dotenv:2 usable",
                "binance - sub1 \"binance sub1\" thrS…6789 dotenv:4 usable",
                "binance testnet - \"binance testnet\" thrT…6789 dotenv:6 usable",
                "okx demo - \"okx demo\" 0b1c…d9e0 dotenv:9 usable",
                "bybit - 2 \"bybit 2\" thrB…6789 dotenv:14 usable",
                "kraken - - \"kraken\" thrK…cdef dotenv:16 usable",
                "coinbase - - \"coinbase\" orga…1111 dotenv:18 the secret stands in another file",
                "kucoin - - \"kucoin\" your…here dotenv:20 the API key is a placeholder",
                "gate - - \"gate\" ${GA…ULT} dotenv:23 the API key refers to something outside this file",
                "bitget - - \"bitget\" thrB…6789 dotenv:25 the passphrase is missing",
                "?hyperliquid - - \"hyperliquid\" 0x01…6789 dotenv:27 "
                    + "hyperliquid is no exchange that Keybell knows",
            ])
        #expect(reading.refused.isEmpty && !reading.isLocked)
        #expect(
            reading.found.prefix(4).map(\.secretText) == [
                "thrMainBinanceSecret0123456789", "thrSubBinanceSecret0123456789",
                "thrTestBinanceSecret0123456789", "THROWAWAYOKXSECRET0123456789ABCD",
            ])
        #expect(reading.found[3].passphraseText == "pass with # and \"quotes\"")
        #expect(reading.found.allSatisfy { $0.format == .env })
    }

    @Test(arguments: [
        ("A_BINANCE_API_KEY=x1", "x1"), ("A_BINANCE_API_KEY = x1 ", "x1"),
        ("\u{FEFF}BINANCE_API_KEY=x1\r\n", "x1"),
        ("export BINANCE_API_KEY=x1", "x1"), ("  - BINANCE_API_KEY=x1", "x1"),
        ("BINANCE_API_KEY='x\\n1'", "x\\n1"), ("BINANCE_API_KEY=\"x\\n1\\q\"", "x\n1\\q"),
        ("BINANCE_API_KEY=x#1 # no", "x#1"), ("BINANCE_API_KEY='a'#no", "a"),
        ("BINANCE_API_KEY='open", "'open"),
        ("BINANCE_API_KEY=old\nBINANCE_API_KEY=x1", "x1"), ("binance.api-key=x1", "x1"),
        ("BINANCE_APIKEY=x1", "x1"), ("BINANCE_KEY=x1", "x1"), ("BINANCE_ACCESS_KEY=x1", "x1"),
    ])
    func `lines are read as programs read them`(line: String, value: String) throws {
        #expect(try reading(line).found.map(\.apiKey) == [value])
    }

    @Test(arguments: [
        "BINANCE_API_SECRET", "BINANCE_SECRET", "BINANCE_SECRET_KEY", "BINANCE_API_SECRET_KEY",
        "BINANCE_SECRETKEY",
        "BINANCE_PRIVATE_KEY", "binance_api_key_secret",
    ])
    func `the secret has many names`(name: String) throws {
        let found = try reading("BINANCE_API_KEY=thr0123456789\n\(name)=thrSecret0123456789").found
        #expect(found.map(\.verdict) == [.usable])
        #expect(found.first?.secretText == "thrSecret0123456789")
    }

    @Test(arguments: [
        ("OKX", Environment?.none), ("OKX_DEMO", .demo), ("OKX_TESTNET", .demo), ("OKX_LIVE", .live),
        ("PROD_OKX", .live), ("OKX_SANDBOX_2", .demo),
    ])
    func `names tell the environment, by what the exchange has`(prefix: String, environment: Environment?)
        throws
    {
        let text = ["API_KEY=thr0123456789", "SECRET=thrSecret0123456789", "PASSPHRASE=x y"]
            .map { "\(prefix)_\($0)" }.joined(separator: "\n")
        let found = try reading(text).found
        #expect(found.map(\.environment) == [environment])
        #expect(found.map(\.verdict) == [.usable])
    }

    @Test func `an environment that the exchange lacks is refused`() throws {
        let found = try reading("KRAKEN_DEMO_API_KEY=thr0123456789\nKRAKEN_DEMO_SECRET=abcdefgh").found
        #expect(found.map(\.verdict) == [.refused(.environment("demo"))])
    }

    @Test func `a flag marks keys that say nothing themselves`() throws {
        let keys = "BYBIT_API_KEY=thr0123456789\nBYBIT_SECRET=thrSecret0123456789\n"
        #expect(try reading(keys + "BYBIT_TESTNET=true").found.first?.environment == .testnet)
        #expect(try reading(keys + "USE_TESTNET=1").found.first?.environment == .testnet)
        #expect(try reading(keys + "BYBIT_TESTNET=false").found.first?.environment == nil)
        #expect(try reading(keys + "OKX_TESTNET=true").found.first?.environment == nil)
        let both =
            keys
            + "BYBIT_TESTNET_API_KEY=thr9876543210\nBYBIT_TESTNET_SECRET=thrOther0123456789\nBYBIT_TESTNET=1"
        #expect(try reading(both).found.map(\.environment) == [nil, .testnet])
    }

    @Test func `an exchange may be named apart, and without one nothing is guessed`() throws {
        let keys = "API_KEY=thr0123456789\nAPI_SECRET=thrSecret0123456789\n"
        #expect(try reading("EXCHANGE=bybit\n" + keys).found.map(\.exchange) == [.bybit])
        #expect(try reading(keys).found.map(\.verdict) == [.refused(.noExchange)])
        let twitter = try reading("TWITTER_API_KEY=thr0123456789\nTWITTER_API_SECRET=thrSecret0123456789")
        #expect(twitter.found.map(\.verdict) == [.refused(.unknownExchange("twitter"))])
    }

    @Test func `a PEM in quotes may go over lines, and one with written line ends is taken too`() throws {
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
            -----END PRIVATE KEY-----
            """
        let key = "BINANCE_API_KEY=thr0123456789\nBINANCE_PRIVATE_KEY="
        let spanning = try reading(key + "\"\(pem)\"\nBYBIT_API_KEY=x\n").found
        #expect(spanning.map(\.kind) == [.ed25519, nil])
        #expect(spanning.map(\.place.position) == [.line(1), .line(5)])
        let escaped = pem.split(separator: "\n").joined(separator: "\\n")
        #expect(try reading(key + "\"\(escaped)\"").found.map(\.kind) == [.ed25519])
        #expect(try reading(key + escaped).found.map(\.kind) == [.ed25519])
    }

    @Test func `freqtrade's settings may stand in the environment`() throws {
        let reading = try reading(
            """
            FREQTRADE__EXCHANGE__NAME=okx
            FREQTRADE__EXCHANGE__KEY=thrFreqtradeKey0123456789
            FREQTRADE__EXCHANGE__SECRET=thrFreqtradeSecret0123456789
            FREQTRADE__EXCHANGE__PASSWORD=words
            FREQTRADE__DRY_RUN=true
            FREQTRADE__TRADING_MODE=futures
            FREQTRADE__TELEGRAM__TOKEN=other
            """)
        #expect(reading.found.map(\.summary) == ["okx - - \"okx futures\" thrF…6789 file:2 usable"])
        #expect(reading.found.first?.passphraseText == "words")
        #expect(reading.found.first?.format == .freqtrade)
    }
}
