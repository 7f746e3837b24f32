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

    /// Each of them once, for all rows of it.
    mutating func open(_ found: [Name: Series]) {
        for index in rows.indices {
            guard let token = tokens[index]?.token else { continue }
            let row = rows[index]
            series[index] = found[Name(token: token, metric: row.name, source: row.source)]
        }
    }

    mutating func refuseWithoutSeries() {
        for index in rows.indices where verdicts[index] == .unchanged {
            guard let series = series[index] else {
                verdicts[index] = .refused(code: "too_many", message: "there are too many metrics already")
                continue
            }
            if series.observations >= MetricStore.mostObservations {
                verdicts[index] = .refused(
                    code: "series_full",
                    message: "the metric has \(MetricStore.mostObservations) observations already")
            }
        }
    }

    /// Rows that are stored.
    var taken: [Int] { rows.indices.filter { series[$0] != nil && isTaken($0) } }

    private func isTaken(_ index: Int) -> Bool {
        if case .refused = verdicts[index] { false } else { true }
    }

    /// - Parameter oldRevision: 0 where there was none.
    mutating func note(_ index: Int, oldRevision: Int) {
        verdicts[index] = oldRevision == 0 ? .inserted : .revised
        revisions[index] = oldRevision + 1
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

    /// Of every series whose newest observation came or changed: what is older is history, and told nowhere.
    func events(previous: [Int: Double]) -> [NewEvent] {
        newest.sorted { $0.key < $1.key }.compactMap { id, index in
            guard let revision = revisions[index], let entry = tokens[index],
                series[index]?.newest.map({ $0 <= rows[index].time }) ?? true
            else { return nil }
            let row = rows[index]
            return NewEvent(
                .metricObserved, subject: entry.token,
                [
                    "token_id": .string(entry.token.description), "symbol": .string(entry.symbol),
                    "metric": .string(row.name), "source": .string(row.source),
                    "retroactive": .bool(revision > 1), "time": .string(row.time.description),
                    "value": .double(row.value), "previous": .double(previous[id]),
                    "revision": .number(JSONNumber(revision)),
                ])
        }
    }
}
