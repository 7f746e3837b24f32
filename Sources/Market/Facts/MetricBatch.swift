import Access
import Events
import JSON
import Kernel

/// Observations that are stored together: which series they belong to, and what comes of each.
struct MetricBatch {
    struct Series: Sendable {
        let id: Int
        let observations: Int
        let newest: Timestamp?
    }

    struct Name: Hashable {
        let token: TokenID
        let metric: String
        let source: String
    }

    private let rows: [SuppliedRow]
    private let tokens: [Watchlist.Entry?]
    private(set) var series: [Series?]
    private(set) var verdicts: [SuppliedUpload.Verdict]
    private var revisions: [Int: Int] = [:]

    init(_ rows: [SuppliedRow], _ tokens: [Watchlist.Entry?]) {
        (self.rows, self.tokens) = (rows, tokens)
        series = rows.map { _ in nil }
        verdicts = SuppliedTokens.verdicts(rows, tokens)
    }

    /// Of the rows that name a token.
    var names: (tokens: [UUID], metrics: [String], sources: [String]) {
        let known = rows.indices.filter { tokens[$0] != nil }
        return (
            known.compactMap { tokens[$0]?.token.uuid }, known.map { rows[$0].name },
            known.map { rows[$0].source }
        )
    }

    var times: [Timestamp] { rows.map(\.time) }

    /// Each of them once, for all rows of it.
    mutating func open(_ found: [Name: Series]) {
        for index in rows.indices {
            guard let token = tokens[index]?.token else { continue }
            let row = rows[index]
            series[index] = found[Name(token: token, metric: row.name, source: row.source)]
        }
    }

    mutating func refuseWithoutSeries() {
        for index in rows.indices where verdicts[index] == .unchanged && series[index] == nil {
            verdicts[index] = .refused(
                code: "too_many", message: "there are too many metrics already: delete some")
        }
    }

    /// Rows of series that may have no room for all of them.
    var crowded: [Int] {
        let taken = taken
        let counts = taken.reduce(into: [Int: Int]()) { $0[series[$1]?.id ?? 0, default: 0] += 1 }
        return taken.filter { index in
            guard let series = series[index] else { return false }
            return series.observations + counts[series.id, default: 0] > MetricStore.mostObservations
        }
    }

    /// Refuses new observations beyond the room of their series; what corrects one is taken.
    /// - Parameter known: those of `crowded` that there are already.
    mutating func refuseWithoutRoom(known: Set<Int>) {
        var added: [Int: Int] = [:]
        for index in crowded where !known.contains(index) {
            guard let series = series[index] else { continue }
            if series.observations + added[series.id, default: 0] < MetricStore.mostObservations {
                added[series.id, default: 0] += 1
            } else {
                verdicts[index] = .refused(
                    code: "series_full",
                    message: "the metric has \(MetricStore.mostObservations) observations: delete old ones")
            }
        }
    }

    /// Rows that are stored.
    var taken: [Int] { rows.indices.filter { series[$0] != nil && isTaken($0) } }

    private func isTaken(_ index: Int) -> Bool {
        if case .refused = verdicts[index] { false } else { true }
    }

    mutating func note(_ index: Int, isNew: Bool, revision: Int) {
        verdicts[index] = isNew ? .inserted : .revised
        revisions[index] = revision
    }

    /// The newest row of each series.
    private var newest: [Int: Int] {
        taken.reduce(into: [:]) { newest, index in
            guard let id = series[index]?.id else { return }
            if newest[id].map({ rows[$0].time < rows[index].time }) ?? true { newest[id] = index }
        }
    }

    var newestOfSeries: (series: [Int], times: [Timestamp]) {
        let all = newest.sorted { $0.key < $1.key }
        return (all.map(\.key), all.map { rows[$0.value].time })
    }

    /// The observation before the newest one.
    struct Previous {
        let time: Timestamp
        let value: Double
    }

    /// Of every series whose newest observation came or changed: what is older is history, and told nowhere.
    func events(previous: [Int: Previous], at now: Timestamp) -> [NewEvent] {
        newest.sorted { $0.key < $1.key }.compactMap { id, index in
            guard let revision = revisions[index], let entry = tokens[index],
                series[index]?.newest.map({ $0 <= rows[index].time }) ?? true
            else { return nil }
            let row = rows[index]
            let isOld = Self.isLongAgo(row.time, after: previous[id]?.time, at: now)
            return NewEvent(
                .metricObserved, subject: entry.token,
                [
                    "token_id": .string(entry.token.description), "symbol": .string(entry.symbol),
                    "metric": .string(row.name), "source": .string(row.source),
                    "retroactive": .bool(revision > 1 || isOld), "time": .string(row.time.description),
                    "value": .double(row.value), "previous": .double(previous[id]?.value),
                    "revision": .number(JSONNumber(revision)),
                ])
        }
    }

    /// Whether an observation is news no more, as while history is loaded: older than two days, and than
    /// twice the time since the one before, for what is observed once a week or a month.
    static func isLongAgo(_ time: Timestamp, after previous: Timestamp?, at now: Timestamp) -> Bool {
        let pace = previous.map { (time - $0) * 2.0 } ?? .days(2)
        return now - time > max(pace, .days(2))
    }
}
