import JSON
import Kernel

/// One row of an exchange's list of instruments. What cannot be read is nil, and then unknown.
struct InstrumentRow {
    static let one = Decimal(exactly: 1)

    private let json: JSONValue

    init(_ json: JSONValue) { self.json = json }

    /// Not empty.
    func text(_ name: String) -> String? {
        guard let text = json.words(name), !text.isEmpty else { return nil }
        return text
    }

    /// A currency by its common name: some exchanges call Bitcoin XBT and Dogecoin XDG.
    func currency(_ name: String) -> String? { text(name).map(Self.currency) }

    static func currency(_ name: some StringProtocol) -> String {
        switch name {
        case "XBT": "BTC"
        case "XDG": "DOGE"
        default: String(name)
        }
    }

    /// Above zero: exchanges write 0 for a bound that is none.
    func amount(_ name: String) -> Decimal? {
        guard let value = text(name).flatMap(Self.number), value > .zero else { return nil }
        return value
    }

    /// The same of a number below zero.
    func negated(_ name: String) -> Decimal? {
        guard let value = text(name).flatMap(Self.number), value < .zero else { return nil }
        return -value
    }

    /// From a number of digits behind the point: `0.001` for 3.
    func step(places name: String) -> Decimal? {
        text(name).flatMap { Int($0) }.flatMap(Self.power)
    }

    subscript(name: String) -> InstrumentRow { InstrumentRow(json[name] ?? .null) }

    func flag(_ name: String) -> Bool { json[name]?.asBool == true }

    func has(_ name: String, _ word: String) -> Bool { json.names(name)?.contains(word) == true }

    /// The first element of an array whose member is one of these words.
    func element(of array: String, where name: String, is words: [String]) -> InstrumentRow {
        let elements = json[array]?.asArray ?? []
        let found = elements.first { $0.words(name).map(words.contains) == true }
        return InstrumentRow(found ?? .null)
    }

    /// Also with an exponent, in which writers of floating point put small steps: `1e-05`.
    private static func number(_ text: String) -> Decimal? {
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        guard parts.count == 2 else { return Decimal(text) }
        guard let mantissa = Decimal(parts[0]), let exponent = Int(parts[1]), exponent <= 0 else {
            return nil
        }
        return power(-exponent).flatMap(mantissa.multiplied)
    }

    /// `10^-places`.
    private static func power(_ places: Int) -> Decimal? {
        guard (0...Decimal.scaleAtMost).contains(places) else { return nil }
        return places == 0 ? one : Decimal("0." + String(repeating: "0", count: places - 1) + "1")
    }
}

extension JSONValue {
    /// What the rows of an array say; nil when it is none, or not one of its rows can be read.
    func instruments(_ read: (InstrumentRow) -> Instrument?) -> [Instrument]? {
        guard let rows = asArray else { return nil }
        let found = rows.compactMap { read(InstrumentRow($0)) }
        return found.isEmpty && !rows.isEmpty ? nil : found
    }
}

extension RequestDraft {
    /// A public list: nobody signs for it.
    static func list(_ host: String, _ path: String, _ query: [Field] = []) -> RequestDraft {
        RequestDraft(known: .get, host: host, path: path, query: query)
    }
}
