import Exchanges
import Testing

@testable import KeyFiles

@Suite struct CcxtTests {
    @Test func `a file as programs around ccxt have it is read to the last key`() throws {
        let reading = try KeyFileReading([fixture("keys.json")])
        #expect(
            reading.found.map(\.summary) == [
                "binance - - \"binance\" thrM…6789 keys.json#/binance usable",
                "okx demo - \"okx demo\" 0b1c…d9e0 keys.json#/okx usable",
                "bybit testnet market-making \"bybit market-making testnet\" thrB…6789 "
                    + "keys.json#/bybit/market-making usable",
                "bybit - hedge \"hedging bot\" thrB…6789 keys.json#/bybit/hedge usable",
                "?krakenfutures - - \"krakenfutures\" thrK…sKey keys.json#/krakenfutures "
                    + "krakenfutures is no exchange that Keybell knows",
                "coinbase - - \"coinbase\" orga…1111 keys.json#/coinbase "
                    + "the secret is an HMAC secret; this exchange takes a P-256 key",
                "binance - hedge fund \"binance hedge fund\" thrU…6789 keys.json#/accounts/0 usable",
                "kucoin - - \"kucoin\" thrK…6789 keys.json#/accounts/1 usable",
            ])
        #expect(reading.found[1].passphraseText == "pass / word")
        #expect(reading.refused.isEmpty)
    }

    @Test(arguments: [
        #"{"exchange":"bybit","apiKey":"thr0123456789","secret":"thrSecret0123456789"}"#,
        #"{"id":"bybit","api_key":"thr0123456789","api_secret":"thrSecret0123456789"}"#,
        #"[{"name":"bybit","key":"thr0123456789","secret":"thrSecret0123456789"}]"#,
        #"{"exchanges":{"bybit":{"apiKey":"thr0123456789","secret":"thrSecret0123456789",},},}"#,
        #"{"bybit":{"apiKey":"thr\u0030123456789","secret":"thrSecret\u0030123456789"}}"#,
        #"/* mine */ {"bybit": // here"# + "\n"
            + #"{"apiKey":"thr0123456789","secretKey":"thrSecret0123456789"}}"#,
    ])
    func `shapes differ`(text: String) throws {
        let found = try reading(text).found
        #expect(found.map(\.exchange) == [.bybit])
        #expect(found.map(\.verdict) == [.usable])
        #expect(found.first?.secretText == "thrSecret0123456789")
        #expect(found.first?.apiKey == "thr0123456789")
    }

    @Test(arguments: [
        (#""sandbox":true"#, Environment.testnet), (#""options":{"testnet":"true"}"#, .testnet),
        (#""demo":true"#, .demo), (#""environment":"demo""#, .demo), (#""env":"prod""#, .live),
    ])
    func `flags tell the environment`(flag: String, environment: Environment) throws {
        let keys = #""apiKey":"thr0123456789","secret":"thrSecret0123456789""#
        #expect(try reading("{\"bybit\":{\(flag),\(keys)}}").found.map(\.environment) == [environment])
    }

    @Test(arguments: [
        ("{", 1, 2, "a name in double quotes or }"), ("{\"a\"\n1}", 2, 1, "a colon"),
        ("[1 2]", 1, 4, "a comma or a closing bracket"),
        ("[tru]", 1, 2, "a value"), ("[\"a\n\"]", 1, 4, "a closing quote"), ("[] x", 1, 4, "the end"),
        ("[/* ]", 1, 6, "the comment's end"),
    ])
    func `broken JSON is told with its place`(text: String, line: Int, column: Int, expected: String) throws {
        let refusal = KeyFileRefusal.malformed(line: line, column: column, expected: expected)
        #expect(try reading(text).refused.map(\.reason) == [refusal])
    }

    @Test func `escapes are what they stand for`() throws {
        let text =
            #"{"okx":{"apiKey":"a","secret":"b","password":"\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00\ud83d"}}"#
        let document = Array(text.utf8)
        let password = try document.withUnsafeBytes { file in
            try LooseJSONReader.read(file)["okx"]?["password"]?.text(in: file)
        }
        #expect(password == "\"\\/\u{8}\u{C}\n\r\tä😀\u{FFFD}")
    }

    @Test func `nesting is bounded`() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(try reading(deep).refused.map(\.reason) == [.tooDeep])
    }
}
