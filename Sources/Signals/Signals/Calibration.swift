import JSON
import Kernel
import Postgres

/// What closed bullish signals brought, by quarters of the confidence that they were decided with.
struct Calibration: Sendable {
    /// Trades under which nothing is said of the confidence: 25 a quarter.
    static let leastTrades = 100

    struct Quartile: Sendable {
        var lowest: Double
        var highest: Double
        var trades: Int
        var winners: Int
        var gains: Double
        var losses: Double

        /// Nil without a loss.
        var profitFactor: Double? { losses > 0 ? gains / losses : nil }
    }

    /// From the least confident on; empty quarters are left out.
    var quartiles: [Quartile]

    var trades: Int { quartiles.reduce(0) { $0 + $1.trades } }

    /// Why confidence does not say how good a signal is; nil when the more confident ones did better.
    var objection: String? {
        if trades < Self.leastTrades {
            return "not calibrated: \(trades) closed signals, \(Self.leastTrades) are needed"
        }
        let factors = quartiles.map { $0.profitFactor ?? .infinity }
        let isRising = zip(factors, factors.dropFirst()).allSatisfy { $0 <= $1 }
        return isRising ? nil : "not calibrated: more confident signals did not always do better"
    }
}

extension Calibration {
    private static func read(_ signals: String) -> String {
        """
        select min(confidence), max(confidence), count(*), count(*) filter (where roi_net > 0),
            coalesce(sum(roi_net) filter (where roi_net > 0), 0),
            coalesce(-sum(roi_net) filter (where roi_net <= 0), 0)
        from (
            select g.confidence, g.roi_net, ntile(4) over (order by g.confidence, g.id) as quartile
            from \(signals) g join series s on s.id = g.series
            where $1::timestamptz is not distinct from $1 and $5::float8 is not distinct from $5
                and g.direction = 'bullish' and g.state in ('closed', 'stale') and not g.withdrawn
                and g.confidence is not null and g.roi_net < 1e100 and g.model_number = $2
                and s.interval = $3 and ($4::text is null or s.source = $4)
        ) q group by quartile order by quartile
        """
    }

    static let now = Statement("signal_calibration", derived: read("signal"))
    static let then = Statement(
        "signal_calibration_then",
        derived: read(
            SignalReads.then(
                returns: "k.model_number = $2 and k.state in ('closed', 'stale')", cost: "$5::float8")))

    nonisolated(nonsending) static func read(
        _ model: GradeModel, _ interval: Interval, _ source: String?, asOf: Timestamp?,
        in database: Database
    ) async throws -> Calibration {
        let rows = try await database.report(
            asOf == nil ? now : then, .timestamp(asOf), .int16(Int16(model.number)),
            .text(interval.rawValue), .text(source), .double(model.settings.costPerSide))
        return Calibration(
            quartiles: rows.map { row in
                Quartile(
                    lowest: row.double(0), highest: row.double(1), trades: row.int(2), winners: row.int(3),
                    gains: row.double(4), losses: row.double(5))
            })
    }
}

extension Calibration {
    /// As members of an object.
    func write(_ w: inout JSONWriter) {
        w.field("trades", trades)
        w.field("calibrated", objection == nil)
        w.field("reason", objection)
        w.array("quartiles", quartiles) { w, quartile in
            w.object { w in
                w.field("confidence_from", quartile.lowest)
                w.field("confidence_to", quartile.highest)
                w.field("trades", quartile.trades)
                w.field("hit_rate", Double(quartile.winners) / Double(max(quartile.trades, 1)))
                w.field("profit_factor", quartile.profitFactor)
            }
        }
    }
}
