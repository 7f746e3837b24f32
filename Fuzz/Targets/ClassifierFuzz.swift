import Exchanges
import Kernel

extension FuzzTarget {
    /// What seems harmless has one reading only: no server that decodes, folds or shortens a path finds
    /// another there. The first word is the exchange, then method, host and path.
    static let requestPath = FuzzTarget(name: "RequestPath") { input throws(Finding) in
        let line = RequestLine(input[...])
        let request = IncomingRequest(line.method, host: line.host, path: line.path)
        let meaning = line.exchange.classifier.meaning(of: request)
        guard meaning.problems.isEmpty, meaning.operation != .admin else { return }
        try require(line.path.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "a path needs encoding")
        try require(lenient(line.path) == line.path.lowercased(), "a path has a second reading")
        let others = RequestDraft.Method.allCases.map(\.rawValue)
        try require(others.contains(line.method), "a method is understood that is none")
        guard [.read, .cancel, .trade].contains(meaning.operation) || meaning.operation == .stream else {
            return
        }
        let isDangerous = dangerous.contains { lenient(line.path).hasSuffix($0) }
        try require(!isDangerous || line.method == "GET", "what moves money seems harmless")
    }

    /// A line as above, the query, the type of the body, and the body, each behind a line's end.
    static let requestMeaning = FuzzTarget(name: "RequestMeaning") { input throws(Finding) in
        let parts = input.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        let text = { (index: Int) in parts.count > index ? String(decoding: parts[index], as: UTF8.self) : ""
        }
        let line = RequestLine(parts[0])
        let request = IncomingRequest(
            line.method, host: line.host, path: line.path, query: text(1),
            contentType: text(2).isEmpty ? nil : text(2), body: parts.count > 3 ? Array(parts[3]) : [])
        let classifier = line.exchange.classifier
        let meaning = classifier.meaning(of: request)
        guard let draft = try? classifier.draft(of: request) else {
            // A name at most tells what somebody is after.
            let isNamed = meaning.operation == .admin || meaning.operation.movesMoney
            try require(isNamed && !meaning.problems.isEmpty, "what has no parts has a meaning")
            return
        }
        try require(classifier.meaning(of: draft) == meaning, "the parts mean something else")
        try check(draft, isWrittenAs: request)
        try check(meaning)
        try checkNaming(draft, meaning, classifier)
        if ![.coinbase, .binance, .mexc].contains(line.exchange) {
            let refusal = classifier.refusesToSign(meaning, draft)
            try require(refusal == nil, "what the signature covers is refused")
        }
        for other in classifier.otherReadings(of: draft) { try check(other, of: draft, classifier) }
    }

    /// The same parameters at another route mean what that route says.
    private static func check(
        _ other: OtherReading, of draft: RequestDraft, _ classifier: RequestClassifier
    ) throws(Finding) {
        try require(
            other.host != draft.host || other.method != draft.method || other.path != draft.path,
            "a request is another one than itself")
        let there = try? RequestDraft(
            other.method, host: other.host, path: other.path, query: draft.query, body: draft.body)
        guard !other.path.contains("{"), let there else { return }
        let meaning = classifier.meaning(of: there)
        let isUnread = meaning.operation == .admin && !meaning.problems.isEmpty
        try require(
            isUnread || meaning.operation == other.meaning.operation, "a route means two things")
    }

    private static let dangerous = [
        "/withdraw/apply", "/withdraw/create", "/asset/withdrawal", "/wallet/withdrawal", "/private/withdraw",
        "/asset/transfer", "/wallet/transfers", "/accounts/sub-transfer", "/move_funds",
    ]

    /// As careless servers read a path.
    private static func lenient(_ path: String) -> String {
        var text = path
        for _ in 0..<3 { text = decoded(text) }
        var segments: [Substring] = []
        for segment in text.lowercased().split(whereSeparator: { "/\\".contains($0) }) {
            let bare = segment.prefix { $0 != ";" && $0 != "?" && $0 != "#" }
            switch bare {
            case "", ".": continue
            case "..": _ = segments.popLast()
            default: segments.append(bare)
            }
        }
        return "/" + segments.joined(separator: "/")
    }

    private static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2, let code = UInt8(digits, radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: - What must hold of a request that is understood

extension FuzzTarget {
    /// What is left stands as it was written, in its order.
    private static func check(_ draft: RequestDraft, isWrittenAs request: IncomingRequest) throws(Finding) {
        var rest = request.query.split(separator: "&", omittingEmptySubsequences: false)[...]
        for field in draft.query {
            guard let place = rest.firstIndex(where: { $0.utf8.elementsEqual(field.written.utf8) }) else {
                throw Finding(description: "a field is not as it was written")
            }
            rest = rest[(place + 1)...]
        }
        try require(draft.path.utf8.elementsEqual(request.path.utf8), "the path is another one")
        try require(draft.method.rawValue == request.method, "the method is another one")
    }

    private static func check(_ meaning: RequestMeaning) throws(Finding) {
        guard meaning.problems.isEmpty else {
            try require(
                meaning.orders.isEmpty && meaning.withdrawal == nil, "what has a problem has a meaning")
            return
        }
        try require(meaning.operation != .trade || !meaning.orders.isEmpty, "an order is not understood")
        try require(meaning.operation == .trade || meaning.orders.isEmpty, "an order is no trade")
        for order in meaning.orders {
            let says = order.quantity.map { !$0.isZero && !$0.isNegative } ?? false
            try require(says || order.closesPosition || order.replaces, "an order does not say how much")
            try require(
                order.symbol != nil || order.replaces || order.closesPosition, "an order is of nothing")
            try require(
                order.side != nil || order.replaces || order.closesPosition || order.isHedged,
                "an order has no side")
        }
    }

    /// Ids are put in once, and change nothing else.
    private static func checkNaming(
        _ draft: RequestDraft, _ meaning: RequestMeaning, _ classifier: RequestClassifier
    ) throws(Finding) {
        guard meaning.problems.isEmpty, !meaning.orders.isEmpty,
            let (named, ids) = try? classifier.withClientOrderID(
                draft, generate: { [UInt8](repeating: 7, count: 16) })
        else { return }
        let after = classifier.meaning(of: named)
        try require(after.problems.isEmpty, "an id makes a problem: \(after.problems)")
        try require(nameless(after.orders) == nameless(meaning.orders), "an id changes an order")
        guard let (again, same) = try? classifier.withClientOrderID(named, generate: { [] }) else {
            throw Finding(description: "what has ids cannot be read")
        }
        try require(again == named && same == ids, "an id is put in twice")
    }

    private static func nameless(_ orders: [OrderIntent]) -> [OrderIntent] {
        orders.map { order in
            var order = order
            order.clientOrderID = nil
            return order
        }
    }
}

extension OrderIntent {
    /// Bitget's, which turns the side round in one of its modes.
    fileprivate var isHedged: Bool { instrument == .linear || instrument == .inverse }
}

/// `binance POST spot /api/v3/order`; of a first word that is no exchange, the first letter chooses one.
private struct RequestLine {
    let exchange: ExchangeName
    let method: String
    let host: String
    let path: String

    init(_ bytes: ArraySlice<UInt8>) {
        let words = bytes.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
            .map {
                String(decoding: $0, as: UTF8.self)
            }
        let all = ExchangeName.allCases
        exchange = ExchangeName(rawValue: words[0]) ?? all[Int(bytes.first ?? 0) % all.count]
        method = words.count > 1 ? words[1] : ""
        host = words.count > 2 ? words[2] : ""
        path = words.count > 3 ? words[3] : ""
    }
}
