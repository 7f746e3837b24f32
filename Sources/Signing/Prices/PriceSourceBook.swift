import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Marks, suspends and resumes sources of prices. Whoever does raises the authority epoch: see
/// `PriceStanding`.
struct PriceSourceBook {
    /// Series that are marked: the list is read whole with every epoch.
    static let markedAtMost = 200

    let ledger: Ledger

    private static let find = Statement(
        "price_source_find",
        derived: ["select", PriceSource.columns, "from", PriceSource.tables, "where p.id = $1"]
            .joined(separator: " "))
    private static let lock = Statement(
        "price_source_lock", "select suspended_at is not null from price_source where id = $1 for update")

    static var derived: [Statement] { [find] }

    nonisolated(nonsending) func find(
        _ id: PriceSourceID, in source: any Queryable
    ) async throws -> PriceSource {
        let row = try await source.query(Self.find, .id(id)).first
        guard let found = row.flatMap(PriceSource.init) else { throw Problem.notFound("source of prices") }
        return found
    }
}

// MARK: Marking

extension PriceSourceBook {
    /// A series of candles by its names.
    struct Wanted {
        let token: String
        let source: String
        let interval: String
    }

    private static let series = Statement(
        "price_source_series",
        """
        select s.id, t.symbol from series s join ticker t using (token_id)
        where (t.symbol = $1 and t.valid_to is null or s.token_id = $2) and s.source = $3
            and s.interval = $4
        """)
    private static let mark = Statement(
        "price_source_mark",
        """
        insert into price_source (id, kind, name, series, created_at, created_by)
        select $1, 'pushed', $2, $3, $4, $5
        where (select count(*) from price_source where kind = 'pushed') < $6
        """)

    nonisolated(nonsending) func mark(_ wanted: Wanted, _ context: Context) async throws -> PriceSource {
        try await ledger.change(context) { change in
            let rows = try await change.transaction.query(
                Self.series, .text(wanted.token), .id(TokenID(wanted.token)), .text(wanted.source),
                .text(wanted.interval))
            guard let row = rows.first else { throw try await missing(wanted, change.transaction) }
            let id = ledger.newID(PriceSourceKind.self)
            let name = "\(row.text(1)) \(wanted.interval) of \(wanted.source)"
            guard try await insert(id, name, Int32(row.int(0)), change) else {
                throw Problem(
                    .conflict, "There are \(Self.markedAtMost) marked series already: delete some first.")
            }
            change.audit("price_sources.mark", id, detail: ["name": .string(name)])
            change.notes(id, .pushed, name, "marked", reason: nil)
            return try await find(id, in: change.transaction)
        }
    }

    private static let token = Statement(
        "price_source_token",
        "select 1 from ticker where symbol = $1 and valid_to is null or token_id = $2")

    private nonisolated(nonsending) func missing(
        _ wanted: Wanted, _ transaction: Transaction
    ) async throws -> Problem {
        let known = try await transaction.query(
            Self.token, .text(wanted.token), .id(TokenID(wanted.token)))
        return known.isEmpty
            ? .unfit("token", "is no token that has a ticker now")
            : .unfit("source", "has no candles of that token and interval: push one first")
    }

    private nonisolated(nonsending) func insert(
        _ id: PriceSourceID, _ name: String, _ series: Int32, _ change: Change
    ) async throws -> Bool {
        do throws(PostgresError) {
            return try await change.transaction.query(
                Self.mark, .id(id), .text(name), .int32(series), .timestamp(change.context.now),
                .text(change.context.actor.principal?.description), .int(Self.markedAtMost)
            ).affected == 1
        } catch {
            guard error.isUniqueViolation("price_source_series") else { throw error }
            throw Problem(.alreadyExists, "The series is a source of prices already.")
        }
    }
}

// MARK: Resuming and deleting

extension PriceSourceBook {
    private static let resume = Statement(
        "price_source_resume",
        """
        update price_source set suspended_at = null, step_from = null, step_to = null, resumed_at = $2,
            resumed_by = $3
        where id = $1
        """)
    private static let delete = Statement("price_source_delete", "delete from price_source where id = $1")

    /// Its next price is compared with what it said last, large step or not.
    nonisolated(nonsending) func resume(
        _ id: PriceSourceID, reason: String, _ context: Context
    ) async throws -> PriceSource {
        try await ledger.change(context) { change in
            guard let row = try await change.transaction.query(Self.lock, .id(id)).first else {
                throw Problem.notFound("source of prices")
            }
            guard row.bool(0) else { throw Problem(.conflict, "The source is not suspended.") }
            _ = try await change.transaction.query(
                Self.resume, .id(id), .timestamp(context.now),
                .text(context.actor.principal?.description))
            let found = try await find(id, in: change.transaction)
            change.audit(
                "price_sources.resume", id, detail: ["name": .string(found.name), "reason": .string(reason)])
            change.notes(id, found.kind, found.name, "resumed", reason: reason)
            return found
        }
    }

    nonisolated(nonsending) func delete(_ id: PriceSourceID, _ context: Context) async throws {
        try await ledger.change(context) { change in
            guard let row = try await change.transaction.query(Self.lock, .id(id)).first else {
                throw Problem.notFound("source of prices")
            }
            let found = try await find(id, in: change.transaction)
            // What an exchange says would count again: that is a decision of its own.
            if found.kind == .pulled, row.bool(0) {
                throw Problem(.conflict, "The source is suspended: resume it.")
            }
            _ = try await change.transaction.query(Self.delete, .id(id))
            change.audit("price_sources.delete", id, detail: ["name": .string(found.name)])
            change.notes(id, found.kind, found.name, "deleted", reason: nil)
        }
    }
}

// MARK: Suspending

extension PriceSourceBook {
    private static let suspend = Statement(
        "price_source_suspend",
        """
        insert into price_source (id, kind, name, exchange, environment, host, instrument, symbol,
            suspended_at, step_from, step_to, created_at)
        values ($1, 'pulled', $2, $3, $4, $5, $6, $7, $8, $9, $10, $8)
        on conflict (name) where kind = 'pulled' do update set suspended_at = excluded.suspended_at,
            step_from = excluded.step_from, step_to = excluded.step_to
        where price_source.suspended_at is null
            and (price_source.resumed_at is null or price_source.resumed_at < $11)
        returning id
        """)

    /// What an exchange says of one instrument, on every node. Nothing happens when it is suspended already,
    /// or was resumed since the price before the step.
    nonisolated(nonsending) func suspend(
        _ instrument: Instrument, at place: MarketPlace, _ step: PriceStep, since: Timestamp
    ) async throws {
        let context = Context.installation(now: ledger.clock.now(), requestID: "prices")
        let name = place.name(of: instrument)
        try await ledger.change(context) { change in
            let rows = try await change.transaction.query(
                Self.suspend, .id(ledger.newID(PriceSourceKind.self)), .text(name),
                .text(place.exchange.rawValue), .text(place.environment.rawValue), .text(place.host),
                .text(instrument.kind.rawValue), .text(instrument.symbol), .timestamp(context.now),
                .double(Double(step.from.description)), .double(Double(step.to.description)),
                .timestamp(since))
            guard let row = rows.first else { return }
            change.suspendsPrices(of: row.id(0), .pulled, name, at: (place, instrument), step)
        }
    }
}

// MARK: What is told

extension Change {
    func notes(
        _ id: PriceSourceID, _ kind: PriceSource.Kind, _ name: String, _ what: String, reason: String?
    ) {
        touch(.uses)
        emit(
            NewEvent(
                .priceSourceChanged, subject: id,
                [
                    "price_source_id": .string(id.description), "kind": .string(kind.rawValue),
                    "name": .string(name), "change": .string(what),
                    "reason": reason.map { .string($0) } ?? .null,
                ]))
    }

    func suspendsPrices(
        of id: PriceSourceID, _ kind: PriceSource.Kind, _ name: String,
        at place: (MarketPlace, Instrument)?, _ step: PriceStep
    ) {
        touch(.uses)
        let (from, to) = (step.from.description, step.to.description)
        audit(
            "price_sources.suspend", id,
            detail: ["name": .string(name), "from": .string(from), "to": .string(to)])
        emit(
            NewEvent(
                .priceSourceSuspended, subject: id,
                [
                    "price_source_id": .string(id.description), "kind": .string(kind.rawValue),
                    "name": .string(name), "exchange": place.map { .string($0.0.exchange.rawValue) } ?? .null,
                    "environment": place.map { .string($0.0.environment.rawValue) } ?? .null,
                    "symbol": place.map { .string($0.1.symbol) } ?? .null,
                    "from": .string(from), "to": .string(to),
                    "percent": JSONNumber(step.percent).map { .number($0) } ?? .null,
                ]))
    }
}

extension Problem {
    fileprivate static func unfit(_ field: String, _ message: String) -> Problem {
        Problem(
            .validationFailed, "The body does not fit.",
            errors: [FieldError(pointer: "/\(field)", code: "unknown", message: message)])
    }
}
