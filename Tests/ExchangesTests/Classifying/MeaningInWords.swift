import JSON
import Kernel

@testable import Exchanges

extension RequestClassifier {
    /// A request by its line, `POST spot /api/v3/order`, and what it carries: `?` begins a query, `{` and `[`
    /// begin JSON, all else is a form, or the query of a request without a body.
    func meaning(_ line: String, _ text: String = "") -> String {
        meaning(of: Self.request(line, text)).words
    }

    static func request(_ line: String, _ text: String = "") -> IncomingRequest {
        let words = line.split(separator: " ").map(String.init)
        var request = IncomingRequest(words[0], host: words[1], path: words[2])
        let isQuery = text.hasPrefix("?") || words[0] == "GET" || words[0] == "DELETE"
        if let first = text.first(where: { $0 != " " }), "{[".contains(first) {
            (request.contentType, request.body) = ("application/json", Array(text.utf8))
        } else if isQuery {
            request.query = String(text.drop { $0 == "?" })
        } else if !text.isEmpty {
            (request.contentType, request.body) = ("application/x-www-form-urlencoded", Array(text.utf8))
        }
        return request
    }
}

extension RequestMeaning {
    /// `trade: BTCUSDT buy limit spot 0.1 @50000 gtc; …`, or the problem instead of what follows.
    var words: String {
        if let problem = problems.first {
            return "\(operation.rawValue)! \(problem.part.rawValue) \(problem.name ?? "")".trimmed
        }
        var parts = orders.map(\.words)
        if let withdrawal {
            let words = [withdrawal.asset, withdrawal.network, withdrawal.address, withdrawal.tag]
            let amount = withdrawal.amount.map { ["\($0)"] } ?? []
            parts.append((words.compactMap { $0 } + amount).joined(separator: " "))
        }
        let name = operation.rawValue + (admitsOrders ? "+orders" : "")
        return parts.isEmpty ? name : "\(name): \(parts.joined(separator: "; "))"
    }
}

extension OrderIntent {
    private var mark: String {
        switch unit {
        case .base: ""
        case .quote: "q"
        case .contracts: "c"
        case .baseOrQuote: "dearer"
        }
    }

    fileprivate var words: String {
        var words = [symbol ?? "?", side?.rawValue ?? "?", kind.rawValue, instrument.rawValue]
        if let quantity { words.append("\(quantity)\(mark)") }
        if let price { words.append("@\(price)") }
        if let stopPrice { words.append("stop\(stopPrice)") }
        if let timeInForce { words.append(timeInForce.rawValue) }
        if isReduceOnly { words.append(reducesByMark ? "reduces-by-mark" : "reduces") }
        if closesPosition { words.append("closes") }
        if replaces { words.append("replaces") }
        if let positionSide { words.append("of-\(positionSide)") }
        if let leverage { words.append("x\(leverage)") }
        if let marginMode { words.append(marginMode) }
        if let clientOrderID { words.append("#\(clientOrderID)") }
        if let alternative { words.append("alt\(alternative)") }
        return words.joined(separator: " ")
    }
}

extension String {
    fileprivate var trimmed: String { hasSuffix(" ") ? String(dropLast()) : self }
}

/// A request and what it means.
struct MeaningCase: Sendable, CustomStringConvertible {
    let line: String
    let text: String
    let words: String

    init(_ line: String, _ text: String, _ words: String) {
        (self.line, self.text, self.words) = (line, text, words)
    }

    var description: String { "\(line) \(text)" }
}
