import Access
import Events
import JSON
import Kernel
import Postgres
import Signals

/// A grade that was written.
struct InvestorMove: Sendable {
    let entry: Watchlist.Entry
    let time: Timestamp
    let grade: Double
    /// Of the day before.
    let previous: Double?
    let dataQuality: Double
    let revision: Int
    let isRetroactive: Bool

    /// A grade that stayed where it was the day before is not told, unless it was told otherwise.
    func tell(_ source: String, in change: Change) {
        guard grade != previous || revision > 1 else { return }
        change.emit(
            NewEvent(
                .investorGradeChanged, subject: entry.token,
                [
                    "token_id": .string(entry.token.description), "symbol": .string(entry.symbol),
                    "source": .string(source), "interval": .string(Interval.day.rawValue),
                    "retroactive": .bool(isRetroactive), "time": .string(time.description),
                    "previous": .double(previous), "grade": .double(grade),
                    "model": .string(InvestorGrade.model), "data_quality": .double(dataQuality),
                ]))
    }
}

extension InvestorMove {
    init(_ row: Row) {
        self.init(
            entry: .init(token: row.id(0), symbol: row.text(1)), time: row.timestamp(2),
            grade: row.double(3), previous: row.optionalDouble(4), dataQuality: row.double(5),
            revision: row.int(6), isRetroactive: row.bool(7))
    }
}
