import Exchanges
import Signals
import Testing

@testable import Service

/// The settings as the code reads them, as `check-config` knows them, and as operations.md shows them.
struct SettingsTests {
    private let page: String

    init() throws { page = String(decoding: try Contract.file("Docs/operations.md"), as: UTF8.self) }

    private static func names(in text: some StringProtocol) -> [String] {
        String(text).matches(of: #/KEYBELL_[A-Z_]*[A-Z]/#).map { String($0.output) }
    }

    /// Names at the beginning of a table's rows.
    private var rows: [String] {
        page.split(separator: "\n").compactMap { line in
            line.firstMatch(of: #/^\| `(KEYBELL_[A-Z_]+)` \|/#).map { String($0.output.1) }
        }
    }

    @Test func `operations.md has a row for every setting, and for nothing else`() {
        #expect(rows.sorted() == Setting.names.sorted())
    }

    @Test func `operations.md speaks of no setting that does not exist`() {
        #expect(Set(Self.names(in: page)).subtracting(Setting.names) == [])
    }

    @Test func `every setting is read, and what is read is a setting`() throws {
        let code = try SourceText.all().filter { $0.path == "Service/Configuration/Settings.swift" }.map(
            \.code)
        #expect(Set(code.flatMap(Self.names)) == Set(Setting.names))
        #expect(Set(Setting.names).count == Setting.names.count)
    }

    @Test(arguments: ["nowhere", "a=10.0.0.5,a=10.0.0.6", "10.0.0.5,10.0.0.5", "a=10.0.0.0/8"])
    func `addresses to send from are addresses, each of its own name`(_ text: String) {
        #expect {
            try Settings(
                environment: ["KEYBELL_EGRESS_ADDRESSES": text], home: "/h", isRoot: false, cores: 1)
        } throws: { "\($0)".contains("KEYBELL_EGRESS_ADDRESSES") }
    }

    @Test(arguments: [("on", true), ("off", false), (nil, true)])
    func `the market gate is on unless it is switched off`(_ text: String?, _ isOn: Bool) throws {
        let said = text.map { ["KEYBELL_MARKET_GATE": $0] } ?? [:]
        let settings = try Settings(environment: said, home: "/h", isRoot: false, cores: 1)
        #expect(settings.gradeModels.usesMarketGate == isOn)
    }

    @Test(arguments: [
        "KEYBELL_KLINES": "https://a.example", "KEYBELL_KLINES_OKX": "https://a.example",
        "KEYBELL_KLINES_BINANCE": "http://a.example", "KEYBELL_KLINES_BYBIT": "https://a.example/v5",
    ])
    func `candles are pulled by https, from a host of an exchange that has them`(name: String, text: String) {
        #expect {
            try Settings(environment: [name: text], home: "/h", isRoot: false, cores: 1)
        } throws: { "\($0)".contains("\(name) ") }
    }

    @Test func `candles of live are pulled from elsewhere where the settings say so`() throws {
        let said = ["KEYBELL_KLINES_BINANCE": "https://mirror.example/"]
        let settings = try Settings(environment: said, home: "/h", isRoot: false, cores: 1)
        #expect(settings.klines(.binance, .live) == "https://mirror.example")
        #expect(settings.klines(.binance, .testnet) == nil && settings.klines(.bybit, .live) == nil)
        #expect(settings.standIn(.binance, .live, "spot") == nil)
        let near = ["KEYBELL_KLINES_BINANCE": "http://127.0.0.1:9", "KEYBELL_PRIVATE_WEBHOOKS": "true"]
        let inside = try Settings(environment: near, home: "/h", isRoot: false, cores: 1)
        #expect(inside.klines(.binance, .live) == "http://127.0.0.1:9")
    }

    @Test func `a setting that is nearly one is refused by its name, without its value`() {
        #expect {
            try Settings(
                environment: ["KEYBELL_LOPS": "hunter2"], home: "/h", isRoot: false, cores: 1)
        } throws: { error in
            let text = "\(error)"
            return text.contains("KEYBELL_LOPS is not a setting; did you mean KEYBELL_LOOPS?")
                && !text.contains("hunter2")
        }
    }

    @Test(arguments: Setting.names.filter { $0 != "KEYBELL_ROOT_KEY" })
    func `a value that cannot be one is refused by its setting's name, without the value`(name: String) {
        #expect {
            try Settings(environment: [name: "\u{1}hunter2"], home: "/h", isRoot: false, cores: 1)
        } throws: { error in
            "\(error)".contains(name) && !"\(error)".contains("hunter2")
        }
    }
}
