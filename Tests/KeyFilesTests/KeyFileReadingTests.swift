import Crypto
import Testing

@testable import KeyFiles

@Suite struct KeyFileReadingTests {
    @Test func `the same secret is named wherever it stands again`() throws {
        let reading = try KeyFileReading([fixture("dotenv"), fixture("keys.json")])
        let twice = reading.found.enumerated().compactMap { index, credential in
            if case .twice(let first) = credential.verdict { [first, index] } else { nil }
        }
        #expect(twice.first == [0, 11])
    }

    @Test(arguments: [
        ("", KeyFileRefusal.notUnderstood), ("some words\nand more", .notUnderstood),
        ("\u{0}\u{1}", .notUnderstood),
        ("LOG_LEVEL=info", .nothingFound), ("{}", .nothingFound), ("[[], {}]", .nothingFound),
        ("connector: okx\n", .nothingFound),
    ])
    func `files without credentials are named`(text: String, reason: KeyFileRefusal) throws {
        let reading = try reading(text)
        #expect(reading.refused.map(\.reason) == [reason])
        #expect(reading.found.isEmpty && !reading.isLocked)
    }

    @Test func `a format that is asked for is kept to`() throws {
        let (variables, json) = ("BYBIT_API_KEY=thr0123456789", #"{"bybit":{"key":"a","secret":"b"}}"#)
        #expect(try reading(variables, .env).found.count == 1)
        #expect(try reading(json, .ccxt).found.count == 1)
        for format in [KeyFileFormat.ccxt, .freqtrade, .hummingbot] {
            #expect(try reading(variables, format).refused.map(\.reason) == [.notUnderstood])
        }
        for format in [KeyFileFormat.env, .freqtrade, .hummingbot] {
            #expect(try reading(json, format).refused.map(\.reason) == [.notUnderstood])
        }
        let freqtrade = #"{"exchange":{"name":"bybit","key":"thr0123456789","secret":"thrSecret0123456789"}}"#
        #expect(try reading(freqtrade, .ccxt).found.map(\.format) == [.ccxt])
        #expect(try reading(freqtrade).found.map(\.format) == [.freqtrade])
    }

    @Test func `five hundred are taken, and no more`() throws {
        let lines = (0..<600).map { "A\($0)_BYBIT_API_KEY=key\($0)\nA\($0)_BYBIT_SECRET=thrSecret\($0)\n" }
        let reading = try reading(lines.joined())
        #expect(reading.found.count == 500)
        #expect(reading.refused.map(\.reason) == [.tooMany])
        let members = (0..<600).map {
            "{\"exchange\":\"bybit\",\"key\":\"key\($0)\",\"secret\":\"thrSecret\($0)\"}"
        }
        #expect(
            try KeyFiles.KeyFileReading([keyFile("[\(members.joined(separator: ","))]")]).found.count == 500)
    }

    @Test func `hostile texts are shown without what a terminal obeys`() throws {
        let name = #"a\u001b]0;x\u0007b\u202e"#
        let text = "{\"\(name)\":{\"apiKey\":\"k\",\"secret\":\"s\",\"label\":\"\\u001b[1m\"}}"
        let found = try reading(text).found
        #expect(found.count == 1)
        for shown in found.flatMap({ [$0.exchangeText, $0.label] }) {
            #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202E}" })
        }
    }

    @Test func `API keys are hinted at, not shown`() throws {
        for (key, hint) in [("vmPUabcdefgh9xYz", "vmPU…9xYz"), ("short", "sh…"), ("", "")] {
            let found = try reading("BYBIT_API_KEY=\(key)\nBYBIT_SECRET=thrSecret0123456789").found
            #expect(found.map(\.apiKeyHint) == [hint])
        }
    }
}
