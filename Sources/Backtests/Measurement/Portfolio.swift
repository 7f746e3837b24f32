package import Kernel

/// The mean of what tokens earned, date by date: equal weights, balanced anew every day at no cost, over the
/// tokens that have a return at that date.
package struct Portfolio: Equatable, Sendable {
    /// Rising.
    package let dates: [Timestamp]
    package let returns: [Double]
    /// Tokens with a return, date by date.
    package let counts: [Int]

    package init(_ tokens: [(dates: [Timestamp], returns: [Double])]) {
        let calendar = Calendar(tokens.map(\.dates))
        dates = calendar.dates
        counts = calendar.counts
        returns = calendar.means(tokens.map(\.returns))
    }

    package init(_ runs: [TokenRun]) { self.init(runs.map { ($0.dates, $0.net) }) }

    /// The dates of several tokens merged, made once for many portfolios over them.
    struct Calendar: Sendable {
        let dates: [Timestamp]
        let counts: [Int]
        /// Of each token, where its dates stand.
        let places: [[Int]]

        init(_ tokens: [[Timestamp]]) {
            let all = Set(tokens.joined()).sorted()
            let order = Dictionary(uniqueKeysWithValues: zip(all, all.indices))
            dates = all
            places = tokens.map { $0.compactMap { order[$0] } }
            var counts = Array(repeating: 0, count: all.count)
            for place in places.joined() { counts[place] += 1 }
            self.counts = counts
        }

        func means(_ returns: [[Double]]) -> [Double] {
            var sums = Array(repeating: 0.0, count: dates.count)
            for (places, returns) in zip(places, returns) {
                for (place, value) in zip(places, returns) { sums[place] += value }
            }
            return zip(sums, counts).map { $0 / Double($1) }
        }
    }
}
