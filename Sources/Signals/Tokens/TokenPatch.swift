import Access
import HTTPServer
import JSON
import Kernel

/// What a request changes of a token; nil: stays as it is.
struct TokenPatch {
    static let longestName = 100
    static let mostCategories = 20
    static let longestCategory = 50

    struct Rename {
        var symbol: String
        var at: Timestamp
    }

    private(set) var validTo: Timestamp??
    private(set) var rename: Rename?
    private(set) var name: String??
    private(set) var categories: [String]?
    private(set) var primarySource: String??

    init(_ fields: inout Fields) {
        let names = ["valid_to", "symbol", "renamed_at", "name", "categories", "primary_source"]
        if !names.contains(where: { fields.has($0) }) {
            fields.fail(code: FieldCode.tooFew, "must name at least one field")
        }
        readTicker(&fields)
        readNames(&fields)
        if fields.has("primary_source") {
            let source = fields.parsed(optional: "primary_source", expected: "a source, as binance") {
                SourceName.isName($0) ? $0 : nil
            }
            primarySource = .some(source)
        }
    }

    private mutating func readTicker(_ fields: inout Fields) {
        if fields.has("valid_to") {
            let time = fields.parsed(optional: "valid_to", expected: "an RFC 3339 time") { Timestamp($0) }
            validTo = .some(time)
        }
        let symbol = fields.parsed(optional: "symbol", expected: "a ticker") { Token.isSymbol($0) ? $0 : nil }
        let at = fields.parsed(optional: "renamed_at", expected: "an RFC 3339 time") { Timestamp($0) }
        if let symbol, let at { rename = Rename(symbol: symbol, at: at) }
        if fields.has("symbol") != fields.has("renamed_at") {
            let absent = fields.has("symbol") ? "renamed_at" : "symbol"
            fields.fail(absent, code: FieldCode.missing, "is required: symbol and renamed_at come together")
        }
        if fields.has("valid_to") && fields.has("symbol") {
            fields.fail(
                "valid_to", code: FieldCode.notAChoice, "cannot come with symbol: the new ticker begins")
        }
    }

    private mutating func readNames(_ fields: inout Fields) {
        if fields.has("name") {
            let text = fields.string(optional: "name", 1...Self.longestName)
            if let mistake = text.flatMap({ NameText.mistake(in: $0) }) {
                fields.fail("name", code: FieldCode.malformed, mistake)
            }
            name = .some(text)
        }
        guard fields.has("categories") else { return }
        let each = 1...Self.longestCategory
        let found = fields.strings(optional: "categories", count: 0...Self.mostCategories, each: each) ?? []
        for (index, category) in found.enumerated() {
            let isFramed = category.hasPrefix(" ") || category.hasSuffix(" ")
            let framed = isFramed ? "must not begin or end with a blank" : nil
            if let mistake = NameText.mistake(in: category) ?? framed {
                fields.fail("categories", index: index, code: FieldCode.malformed, mistake)
            }
        }
        if Set(found).count < found.count {
            fields.fail("categories", code: FieldCode.malformed, "must hold each category once")
        }
        categories = found
    }
}

extension TokenPatch {
    /// The token as it is afterwards, or which field of the request forbids it.
    func applied(to token: Token, now: Timestamp) throws -> Token {
        var changed = token
        if let validTo {
            if let validTo, let from = token.validFrom, validTo <= from {
                throw Self.mistake("/valid_to", "must be after valid_from")
            }
            changed.validTo = validTo
        }
        if let name { changed.name = name }
        if let categories { changed.categories = categories }
        if let primarySource { changed.primarySource = primarySource }
        if let rename, rename.symbol != token.symbol { try Self.apply(rename, to: &changed, now: now) }
        return changed
    }

    private static func apply(_ rename: Rename, to token: inout Token, now: Timestamp) throws {
        guard rename.at <= now else { throw mistake("/renamed_at", "must not be in the future") }
        if let from = token.validFrom, rename.at <= from {
            throw mistake("/renamed_at", "must be after valid_from")
        }
        if let end = token.validTo, end != rename.at {
            throw mistake("/renamed_at", "must be valid_to, where the ticker's time ended")
        }
        guard token.formerTickers.count < Token.mostFormerTickers else {
            throw Problem(
                .conflict, "The token has had \(Token.mostFormerTickers) other tickers already.")
        }
        token.formerTickers.append(FormerTicker(symbol: token.symbol, validTo: rename.at))
        (token.symbol, token.validFrom, token.validTo) = (rename.symbol, rename.at, nil)
    }

    static func mistake(_ pointer: String, _ message: String) -> Problem {
        let mistake = FieldError(pointer: pointer, code: FieldCode.outOfRange, message: message)
        return Problem(.validationFailed, "The token cannot be changed so.", errors: [mistake])
    }
}
