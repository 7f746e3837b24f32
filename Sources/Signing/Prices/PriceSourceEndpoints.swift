package import Access
package import Events
import HTTPServer
import JSON
import Kernel

/// `/v1/price-sources`: what prices for policy come from, beside the exchanges' own tickers.
package struct PriceSourceEndpoints {
    private static let bodyBytes = 16 * 1_024

    /// Of a series that may be marked: candles of others are over 5 minutes old before the next one closes.
    private enum Interval: String, CaseIterable {
        case minute = "1m"
        case fiveMinutes = "5m"
    }

    private let book: PriceSourceBook

    package init(ledger: Ledger) { book = PriceSourceBook(ledger: ledger) }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/price-sources", id: "listPriceSources", requires: .permission(.policiesRead),
                bodyLimit: 0
            ) { request, _ in try await PriceSourceSearch(request).page(in: book.ledger.database) },
            Operation(
                .post, "/v1/price-sources", id: "markPriceSource", requires: .permission(.policiesWrite),
                errors: [.alreadyExists, .conflict], bodyLimit: Self.bodyBytes, stepUp: .recently,
                handle: mark),
            Operation(
                .get, "/v1/price-sources/{price_source_id}", id: "getPriceSource",
                requires: .permission(.policiesRead), errors: [.notFound], bodyLimit: 0, handle: get),
            Operation(
                .delete, "/v1/price-sources/{price_source_id}", id: "deletePriceSource",
                requires: .permission(.policiesWrite), errors: [.notFound, .conflict], bodyLimit: 0,
                handle: delete),
            Operation(
                .post, "/v1/price-sources/{price_source_id}/resume", id: "resumePriceSource",
                requires: .permission(.policiesWrite), errors: [.notFound, .conflict],
                bodyLimit: Self.bodyBytes, stepUp: .recently, handle: resume),
        ]
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        let source = try await book.find(try Self.id(request), in: book.ledger.database)
        return Response.json { w in w.value(source) }
    }

    private nonisolated(nonsending) func mark(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let token = fields.string("token", 1...64)
        let source = fields.string("source", 1...100)
        let interval = fields.choice("interval", Interval.self)
        try fields.finish()
        let made = try await book.mark(
            .init(token: token, source: source, interval: interval.rawValue), context)
        return Response.json(.created) { w in w.value(made) }
            .header(.location, "/v1/price-sources/\(made.id)")
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        try await book.delete(try Self.id(request), context)
        return Response(.noContent)
    }

    private nonisolated(nonsending) func resume(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try Self.id(request)
        var fields = try await request.fields(limit: Self.bodyBytes)
        let reason = fields.string("reason", 1...500)
        try fields.finish()
        let source = try await book.resume(id, reason: reason, context)
        return Response.json { w in w.value(source) }
    }

    private static func id(_ request: Request) throws(Problem) -> PriceSourceID {
        guard let id = PriceSourceID(request.pathParameter("price_source_id")) else {
            throw .notFound("source of prices")
        }
        return id
    }
}
