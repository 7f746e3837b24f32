import Access
import JSON
import Kernel
import Postgres
import Signals

/// An Investor Grade in one of its revisions.
struct StoredInvestorGrade: Sendable {
    let entry: Watchlist.Entry
    let source: String
    let time: Timestamp
    let knownAt: Timestamp
    let value: Double
    let previous: Double?
    let dataQuality: Double
    let grade: InvestorGrade
    let revision: Int
    let isRetroactive: Bool
    let model: String
    let parametersHash: String

    init(_ row: Row) {
        entry = Watchlist.Entry(token: row.id(0), symbol: row.text(1))
        source = row.text(2)
        (time, knownAt) = (row.timestamp(3), row.timestamp(4))
        (value, previous, dataQuality) = (row.double(5), row.optionalDouble(6), row.double(7))
        var parts: [InvestorGrade.Component: InvestorGrade.Part] = [:]
        let columns: [InvestorGrade.Component: Int] = [
            .momentum: 8, .riskAdjusted: 10, .drawdown: 12, .liquidity: 14,
        ]
        for (component, column) in columns {
            parts[component] = .init(input: row.optionalDouble(column), score: row.optionalDouble(column + 1))
        }
        parts[.fundamentals] = .init(input: row.optionalDouble(16), score: row.optionalDouble(16))
        grade = InvestorGrade(
            parts: parts, facts: row.int(17), candles: row.int(18), first: row.optionalTimestamp(23),
            missingLast100: row.optionalInt(24))
        (revision, isRetroactive) = (row.int(19), row.bool(20))
        (model, parametersHash) = (row.text(21), row.text(22))
    }

    func write(hasWhy: Bool, to w: inout JSONWriter) {
        w.object { w in
            w.field("token_id", entry.token.description)
            w.field("symbol", entry.symbol)
            w.field("source", source)
            w.field("time", time.description)
            w.field("grade", value)
            w.field("previous", previous)
            w.field("model", model)
            w.field("parameters_hash", parametersHash)
            w.field("data_quality", dataQuality)
            w.array("missing", InvestorGrade.Component.allCases.filter { grade.parts[$0]?.score == nil }) {
                w, component in w.value(component.rawValue)
            }
            w.field("missing_last_100", grade.missingLast100)
            w.object("candles") { w in
                w.field("from", grade.first?.description)
                w.field("to", time.description)
                w.field("count", grade.candles)
            }
            w.field("retroactive", isRetroactive)
            w.field("revision", revision)
            w.field("known_at", knownAt.description)
            if hasWhy { writeWhy(&w) }
        }
    }

    private func writeWhy(_ w: inout JSONWriter) {
        w.object("why") { w in
            w.field("sentence", grade.sentence(value))
            w.field("delta_vs_previous", previous.map { value - $0 })
            w.field("candles", grade.candles)
            w.field("facts", grade.facts)
            w.array("components", InvestorGrade.Component.allCases) { w, component in
                let part = grade.parts[component]
                w.object { w in
                    w.field("name", component.rawValue)
                    w.field("weight", grade.weight(component))
                    w.field("nominal_weight", component.weight)
                    w.field("score", part?.score)
                    w.field("contribution", grade.contribution(component))
                    w.field("input", part?.input)
                    w.field("formula", component.formula)
                }
            }
        }
    }
}
