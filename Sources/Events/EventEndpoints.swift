package import Access
package import EventLoop
import HTTPServer
import JSON
import Kernel
package import Postgres

/// The feed over HTTP.
package struct EventEndpoints {
    /// What the caller of a stream may see by now; nil when that is nothing any more. Identity knows.
    package typealias Recheck = nonisolated(nonsending) (Context) async throws -> EventLeave?

    fileprivate static let invalidCursor = "invalid_cursor"

    private let database: Database
    private let reader: HorizonReader
    private let things: TargetSource
    private let clock: Clock
    private let feed: EventFeed
    private let upload: EventUpload
    private let reactor: Reactor
    private let streams: StreamLimit
    private let recheck: Recheck
    private let deltas = AuthorityDeltas()

    package init(
        database: Database, ledger: Ledger, feed: EventFeed, things: TargetSource = .none, origin: String,
        reactor: Reactor, streams: StreamLimit, posts: EventPosts = EventPosts(),
        recheck: @escaping Recheck
    ) {
        (self.database, self.things, clock) = (database, things, ledger.clock)
        reader = HorizonReader(database, things: things)
        upload = EventUpload(
            ledger: ledger, gatherer: EventGatherer(ledger: ledger, posts: posts, reactor: reactor),
            origin: origin)
        (self.feed, self.reactor, self.streams, self.recheck) = (feed, reactor, streams, recheck)
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/events", id: "listEvents", requires: .scoped(.eventsRead), bodyLimit: 0,
                handle: list),
            Operation(
                .post, "/v1/events", id: "pushEvents", requires: .permission(.eventsWrite),
                errors: [.rowsRefused], isOneChange: true, handle: upload.receive),
            Operation(
                .get, "/v1/events/stream", id: "streamEvents", requires: .scoped(.eventsRead),
                errors: [.tooManyStreams], bodyLimit: 0, handle: stream),
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var query = try request.parameters()
        let limit = query.limit(upTo: 1_000)
        // As other lists call it; both say the same.
        let (given, alias) = (query.text("after"), query.text("cursor"))
        if given != nil, alias != nil {
            query.fail("cursor", code: "repeated", "must not stand beside after")
        }
        let (name, after) = given == nil && alias != nil ? ("cursor", alias) : ("after", given)
        let position = after.flatMap { EventPosition($0) }
        if let after, after != "now", position == nil {
            query.fail(name, code: Self.invalidCursor, "must be now, or a cursor of this feed")
        }
        let filter = EventFilter(
            patterns: EventFilter.patterns(&query), subject: query.text("subject"),
            sight: EventSight(reading: context))
        try query.finish()
        let page =
            after == "now"
            ? try await reader.end()
            : try await reader.read(after: position ?? .beginning, limit: limit, filter)
        // At the end of the feed a place that is not behind it may be of what is about to be seen.
        if page.events.isEmpty, let position, page.next == position, try await reader.isAhead(position) {
            throw Problem.aheadOfFeed("query:\(name)")
        }
        return Response.object { w in
            w.field("data", page.events.compactMap { filter.show($0, page.targets) })
            w.field("next_cursor", page.next.description)
        }
    }

    private nonisolated(nonsending) func stream(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var query = try request.parameters()
        let filter = EventFilter(
            patterns: EventFilter.patterns(&query), sight: EventSight(reading: context))
        let resumed = request.head.headers[.lastEventID]
        let position = resumed.flatMap { EventPosition($0) }
        try query.finish()
        if resumed != nil, position == nil {
            throw Problem(
                .invalidParameter, "Last-Event-ID is no cursor of this feed.",
                errors: [
                    FieldError(
                        pointer: "header:Last-Event-ID", code: Self.invalidCursor,
                        message: "must be an id of this feed")
                ])
        }
        if let position, try await reader.isAhead(position) {
            throw Problem.aheadOfFeed("header:Last-Event-ID")
        }
        return try await open(filter, after: position, context)
    }

    private nonisolated(nonsending) func open(
        _ filter: EventFilter, after position: EventPosition?, _ context: Context
    ) async throws -> Response {
        guard let place = streams.place(for: context.actor.principal) else {
            throw Problem(
                .tooManyStreams, "There are \(streams.perPrincipal) streams of yours already.")
        }
        let subscription = try await feed.subscribe(to: filter, after: position)
        place.onLeave { subscription.end() }
        let stream = EventStream(
            subscription: subscription, things: things, database: database, reactor: reactor, clock: clock,
            deltas: deltas
        ) { [recheck] in try await recheck(context) }
        var response = Response(.ok, type: "text/event-stream")
        response.head.add(.cacheControl, "no-store")
        response.body = .stream { writer in
            defer { place.leave() }
            try await stream.run(writer)
        }
        return response
    }
}

extension Problem {
    /// It would stay empty until the feed comes that far, if it ever does.
    fileprivate static func aheadOfFeed(_ pointer: String) -> Problem {
        Problem(
            .invalidParameter, "The feed has no such place yet.",
            errors: [
                FieldError(
                    pointer: pointer, code: EventEndpoints.invalidCursor,
                    message: "must be a place that this feed has reached")
            ])
    }
}
