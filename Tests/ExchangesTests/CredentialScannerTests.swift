import JSON
import Testing

@testable import Exchanges

@Suite struct CredentialScannerTests {
    private func sees(_ text: String, partBytes: Int) -> Bool {
        var scanner = CredentialScanner()
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: partBytes).contains { start in
            scanner.sees(Array(bytes[start..<min(start + partBytes, bytes.count)]))
        }
    }

    @Test(arguments: [
        #"{"listenKey":"x"}"#, #"{"a":[{"b":{"SECRET_KEY" : "x"}}]}"#, #"[{"api-secret":"x"}]"#,
        "{\"passphrase\"\n:\t\"x\"}", #"{"listen\u004bey":"x"}"#, #"{"\u0074oken":"\u0041"}"#,
        #"{"token":"\"}"}"#,
    ])
    func `what opens an account is seen, however it is written and cut`(text: String) {
        for partBytes in 1...text.utf8.count { #expect(sees(text, partBytes: partBytes)) }
    }

    @Test(arguments: [
        #"{"listenKey":""}"#, #"{"token":5}"#, #"{"token":null}"#, #"{"tokens":"x"}"#, #"["token","x"]"#,
        #"{"a":"token","b":"x"}"#, #"{"a":"\"token\":\"x\""}"#, #"{"xlistenKey":"x"}"#,
        #"{"listenKeyy":"x"}"#,
        #"{"secret":{"a":"x"}}"#, #"{"a":"\\","token":1}"#, "",
    ])
    func `what does not is not`(text: String) {
        for partBytes in 1...max(text.utf8.count, 1) { #expect(!sees(text, partBytes: partBytes)) }
    }

    @Test func `of random texts it says what reading them whole says`() throws {
        var random = SplitMix(seed: 20_261_126)
        var found = 0
        for _ in 0..<2_000 {
            let text = "[\((0..<5).map { _ in Self.json(&random, depth: 3) }.joined(separator: ","))]"
            let whole = try JSONValue.parse(text).holdsCredential
            if whole { found += 1 }
            #expect(sees(text, partBytes: 1 + Int(random.next() % 9)) == whole, "\(text)")
        }
        #expect((200..<1_800).contains(found), "\(found)")
    }

    private static let words = [
        "token", "secret", "Listen_Key", "a", "to\\u006ben", "price", "x\\\"token", "",
    ]

    private static func json(_ random: inout SplitMix, depth: Int) -> String {
        let word = { (random: inout SplitMix) in "\"\(words[Int(random.next() % UInt64(words.count))])\"" }
        switch random.next() % (depth > 0 ? 5 : 3) {
        case 0: return word(&random)
        case 1: return "12.5"
        case 2: return "null"
        case 3:
            let elements = (0..<random.next() % 4).map { _ in json(&random, depth: depth - 1) }
            return "[\(elements.joined(separator: ", "))]"
        default:
            // Names are unique: all but the first have a number.
            let members = (0..<random.next() % 4).map { number in
                let name = number == 0 ? word(&random) : "\"n\(number)\""
                return "\(name) : \(json(&random, depth: depth - 1))"
            }
            return "{\(members.joined(separator: ","))}"
        }
    }
}

@Suite struct PingTests {
    @Test func `every host of every exchange has something that anybody may ask`() {
        for exchange in ExchangeName.allCases {
            let aliases = Set(exchange.adapter.recipes.flatMap(\.aliases))
            #expect(!aliases.isEmpty)
            for alias in aliases {
                let ping = exchange.ping(on: alias)
                #expect(ping?.host == alias, "\(exchange) \(alias)")
                #expect(ping?.method == .get)
            }
        }
    }
}

/// Vigna's SplitMix64: the same numbers in every run.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
