import Access
import JSON
import Kernel
import Postgres

/// A signal in one of its revisions, with its series.
struct ListedSignal: Sendable {
    var series: SeriesRecord
    var id: SignalID
    var decidedAt: Timestamp
    var roiClose: Double?
    var roiNet: Double?
    var isWithdrawn: Bool
    var isRetroactive: Bool
    var revision: Int
    var knownAt: Timestamp
    var body: [UInt8]

    /// Of a row that begins with a series' columns and goes on with `SignalReads.columns`.
    init?(_ row: Row) {
        guard let series = SeriesRecord(row) else { return nil }
        self.series = series
        id = row.id(13)
        decidedAt = row.timestamp(14)
        roiClose = row.optionalDouble(15)
        roiNet = row.optionalDouble(16)
        isWithdrawn = row.bool(17)
        isRetroactive = row.bool(18)
        revision = row.int(19)
        knownAt = row.timestamp(20)
        body = Array(row.text(21).utf8)
    }
}

extension ListedSignal: JSONWritable {
    func write(to w: inout JSONWriter) {
        let members = (try? JSONValue.parse(body))?.asObject?.members ?? []
        w.object { w in
            w.field("id", id.description)
            w.names(of: series)
            for member in members { write(member, &w) }
            w.field("retroactive", isRetroactive)
            w.field("revision", revision)
            w.field("known_at", knownAt.description)
        }
    }

    private func write(_ member: JSONObject.Member, _ w: inout JSONWriter) {
        switch member.name {
        case "state" where isWithdrawn: w.field("state", Signal.State.stale.rawValue)
        case "stale_reason" where isWithdrawn: w.field("stale_reason", SignalText.withdrawn)
        default: w.field(member.name, member.value)
        }
    }
}

/// Signals as they are, or were known at a time.
enum SignalReads {
    enum Sort: String, CaseIterable {
        case decidedAt = "decided_at", decidedAtDown = "-decided_at"
        case roiNet = "roi_net", roiNetDown = "-roi_net"
        case roiClose = "roi_close", roiCloseDown = "-roi_close"

        var isDescending: Bool { rawValue.hasPrefix("-") }
        var isByTime: Bool { self == .decidedAt || self == .decidedAtDown }

        /// Signals without the number come last, whichever way.
        var key: String {
            let absent = isDescending ? "'-infinity'" : "'infinity'"
            return switch self {
            case .decidedAt, .decidedAtDown: "g.decided_at"
            case .roiNet, .roiNetDown: "coalesce(g.roi_net, \(absent))"
            case .roiClose, .roiCloseDown: "coalesce(g.roi_close, \(absent))"
            }
        }

        func key(of signal: ListedSignal) -> String {
            let absent = isDescending ? -Double.infinity : .infinity
            return switch self {
            case .decidedAt, .decidedAtDown: String(signal.decidedAt.microseconds)
            case .roiNet, .roiNetDown: "\(signal.roiNet ?? absent)"
            case .roiClose, .roiCloseDown: "\(signal.roiClose ?? absent)"
            }
        }
    }

    struct Filter {
        var token: TokenID?
        var interval: Interval?
        var source: String?
        var direction: Signal.Direction?
        var state: Signal.State?
        var grade = GradeReads.Filter()
        var from: Timestamp?
        var to: Timestamp?
        var asOf: Timestamp?
    }

    private static let columns = """
        g.id, g.decided_at, g.roi_close, g.roi_net, g.withdrawn, g.retroactive, g.revision, g.known_at, g.body
        """

    private static let now = "signal"
    /// `$1` is the time.
    private static let then = """
        (select * from signal where known_at <= $1
        union all
        select s.id, s.series, s.direction, s.decided_at, r.state, r.withdrawn, r.retroactive, r.revision,
            r.known_at, r.roi_close, r.roi_net, r.body
        from signal_revision r join signal s using (id) where r.known_at <= $1 and r.ended_at > $1)
        """

    private static func list(_ source: String, _ sort: Sort) -> String {
        let cast = sort.isByTime ? "timestamptz" : "float8"
        let (way, order) = sort.isDescending ? ("<", "desc") : (">", "asc")
        return """
            select \(SeriesRecord.columns), \(columns)
            from \(source) g join series s on s.id = g.series join ticker t using (token_id)
            where $1::timestamptz is not distinct from $1 and not g.withdrawn
                and ($2::uuid is null or s.token_id = $2) and ($3::text is null or s.interval = $3)
                and ($4::text is null or s.source = $4) and ($5::text is null or g.direction = $5)
                and ($6::text is null or g.state = $6)
                and ($7::float8 is null or s.grade >= $7) and ($8::float8 is null or s.grade < $8)
                and ($9::timestamptz is null or g.decided_at >= $9)
                and ($10::timestamptz is null or g.decided_at < $10)
                and ($11::\(cast) is null or (\(sort.key), g.id) \(way) ($11, $12::uuid))
            order by \(sort.key) \(order), g.id \(order) limit $13
            """
    }

    static let listsNow = Dictionary(
        uniqueKeysWithValues: Sort.allCases.map { ($0, Statement("signal_list", derived: list(now, $0))) })
    static let listsThen = Dictionary(
        uniqueKeysWithValues: Sort.allCases.map {
            ($0, Statement("signal_list_then", derived: list(then, $0)))
        })

    private static func get(_ source: String) -> String {
        """
        select \(SeriesRecord.columns), \(columns)
        from \(source) g join series s on s.id = g.series join ticker t using (token_id)
        where $1::timestamptz is not distinct from $1 and g.id = $2
        """
    }

    static let getNow = Statement("signal_get", derived: get(now))
    static let getThen = Statement("signal_get_then", derived: get(then))

    nonisolated(nonsending) static func list(
        _ filter: Filter, sort: Sort, after: [String]?, limit: Int, in database: Database
    ) async throws -> [ListedSignal] {
        guard let statement = (filter.asOf == nil ? listsNow : listsThen)[sort] else { return [] }
        let key: Parameter =
            sort.isByTime
            ? .timestamp(after.flatMap { Int64($0[0]) }.map { Timestamp(microseconds: $0) })
            : .double(after.flatMap { Double($0[0]) })
        let rows = try await database.query(
            statement, .timestamp(filter.asOf), .id(filter.token), .text(filter.interval?.rawValue),
            .text(filter.source), .text(filter.direction?.rawValue), .text(filter.state?.rawValue),
            .double(filter.grade.atLeast), .double(filter.grade.below), .timestamp(filter.from),
            .timestamp(filter.to), key, .id(after.flatMap { SignalID($0[1]) }), .int(limit))
        return rows.compactMap(ListedSignal.init)
    }

    nonisolated(nonsending) static func get(
        _ id: SignalID, asOf: Timestamp?, in database: Database
    ) async throws -> ListedSignal? {
        try await database.query(asOf == nil ? getNow : getThen, .timestamp(asOf), .id(id)).first
            .flatMap(ListedSignal.init)
    }
}
