import JSON
import Kernel
import Testing

@testable import Exchanges

/// A request as an independent client writes it: `Tests/Fixtures/ccxt-requests.json`.
struct CcxtRequest: Sendable, CustomStringConvertible {
    let exchange: ExchangeName
    let label: String
    let request: IncomingRequest
    let side: Side?
    let price: Decimal?

    static func all() throws -> [CcxtRequest] {
        try Fixture.rows("ccxt-requests.json", "requests").compactMap { row in
            guard let exchange = row["exchange"]?.asString.flatMap(ExchangeName.init) else { return nil }
            let text = { (name: String) in row[name]?.asString ?? "" }
            return CcxtRequest(
                exchange: exchange, label: text("label"),
                request: IncomingRequest(
                    text("method"), host: text("host"), path: text("path"), query: text("query"),
                    contentType: row["type"]?.asString, body: Array(text("body").utf8)),
                side: row["side"]?.asString.flatMap(Side.init),
                price: (row["price"]?.asNumber?.text).flatMap { Decimal($0) })
        }
    }

    var description: String { "\(exchange.rawValue) \(label) \(request.method) \(request.path)" }

    /// What its label promises.
    var operation: RequestOperation {
        let words: [(String, RequestOperation)] = [
            ("create", .trade), ("edit", .trade), ("close", .trade), ("cancel", .cancel), ("fetch", .read),
            ("withdraw", .withdraw), ("transfer", .transfer),
        ]
        return words.first { label.hasPrefix($0.0) }?.1 ?? .admin
    }
}

@Suite struct CcxtRequestTests {
    @Test func `what stock ccxt writes is understood as it was meant`() throws {
        let requests = try CcxtRequest.all()
        #expect(requests.count > 1_000)
        #expect(Set(requests.map(\.exchange)) == Set(ExchangeName.allCases))
        for example in requests {
            let meaning = example.exchange.classifier.meaning(of: example.request)
            #expect(meaning.problems.isEmpty, "\(example): \(meaning.problems)")
            #expect(meaning.operation == example.operation, "\(example)")
            #expect((meaning.operation == .withdraw) == (meaning.withdrawal != nil), "\(example)")
            #expect((meaning.operation == .trade) == !meaning.orders.isEmpty, "\(example)")
        }
    }

    @Test func `its orders have the side and the price that it was given`() throws {
        let orders = try CcxtRequest.all().filter { $0.side != nil }
        #expect(orders.count > 300)
        for example in orders {
            let order = try #require(example.exchange.classifier.meaning(of: example.request).orders.first)
            // Where a position is closed, some say the position and not the side.
            if order.side != nil { #expect(order.side == example.side, "\(example)") }
            let isHedged = example.label.hasSuffix("hedged_close")
            #expect(order.side != nil || order.isReduceOnly || isHedged, "\(example)")
            #expect(order.symbol != nil, "\(example)")
            if example.price != nil { #expect(order.price == example.price, "\(example)") }
        }
    }

    @Test func `what it writes is sent as it wrote it, but for time, nonce and signature`() throws {
        for example in try CcxtRequest.all() {
            let classifier = example.exchange.classifier
            let draft = try classifier.draft(of: example.request)
            let own = Set(example.exchange.adapter.recipes.flatMap(\.ownFields))
            let kept = example.request.query.split(separator: "&").filter { pair in
                !own.contains(String(pair.prefix { $0 != "=" }))
            }
            #expect(draft.query.written == kept.joined(separator: "&"), "\(example)")
            #expect(classifier.meaning(of: draft) == classifier.meaning(of: example.request), "\(example)")
        }
    }

    @Test func `no order passes with one parameter more, or with one in two places`() throws {
        for example in try CcxtRequest.all() where example.operation == .trade {
            let classifier = example.exchange.classifier
            for request in [example.request.adding("zzz", "1"), example.request.repeating] {
                let meaning = classifier.meaning(of: request)
                #expect(!meaning.problems.isEmpty, "\(example) \(request.query)")
                #expect(meaning.orders.isEmpty, "\(example)")
            }
        }
    }

    @Test func `no order passes with a number that has an exponent, a sign or a blank`() throws {
        let numbers = ["0.02", "50000"]
        var count = 0
        for example in try CcxtRequest.all() where example.operation == .trade {
            for number in numbers {
                for odd in ["1e3", "-\(number)", "+\(number)", "0x10", ".5", "5.", "1,5", "NaN", "٣"] {
                    guard let request = example.request.replacing(number, by: odd) else { continue }
                    count += 1
                    let meaning = example.exchange.classifier.meaning(of: request)
                    // Where a sign says which way a price moves, it is none that could be judged.
                    let isOffset = example.exchange == .kraken && "+-".contains(odd.prefix(1))
                    #expect(!meaning.problems.isEmpty || isOffset, "\(example) \(odd)")
                }
            }
        }
        #expect(count > 1_000)
    }
}

extension IncomingRequest {
    private var text: String { String(decoding: body, as: UTF8.self) }

    /// In the body where there is one.
    fileprivate func adding(_ name: String, _ value: String) -> IncomingRequest {
        var request = self
        if text.hasPrefix("{") {
            request.body = Array(("{\"\(name)\":\"\(value)\"," + text.dropFirst()).utf8)
        } else if text.hasPrefix("[{") {
            request.body = Array(("[{\"\(name)\":\"\(value)\"," + text.dropFirst(2)).utf8)
        } else if body.isEmpty {
            request.query += (query.isEmpty ? "" : "&") + "\(name)=\(value)"
        } else {
            request.body += Array("&\(name)=\(value)".utf8)
        }
        return request
    }

    /// Its first parameter also stands in the other place, or a second time.
    fileprivate var repeating: IncomingRequest {
        var request = self
        let last = (try? JSONValue.parse(body))?.asObject?.members.last?.name
        let name = last ?? String(text.prefix { $0 != "=" })
        if body.isEmpty {
            request.query += "&" + query.prefix { $0 != "&" }
        } else if text.hasPrefix("[") {
            request.query = "symbol=A"
        } else {
            request.query += (query.isEmpty ? "" : "&") + "\(name)=1"
        }
        return request
    }

    /// A number that stands in quotes, or behind an equals sign; nil where it does not.
    fileprivate func replacing(_ number: String, by odd: String) -> IncomingRequest? {
        var request = self
        let encoded = RequestDraft.Field("a", odd).written.dropFirst(2)
        request.body = Array(
            text.replacing("\"\(number)\"", "\"\(odd)\"").replacing("=\(number)&", "=\(encoded)&").utf8)
        request.query = query.replacing("=\(number)&", "=\(encoded)&")
        return request == self ? nil : request
    }
}
