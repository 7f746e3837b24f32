/// Lines of one upload that are written together.
struct ReportChunk: Sendable {
    /// Rows of one transaction, which holds the readers of events back for as long as it is open. Three
    /// chunks stand in memory: one fills, one waits, one is written.
    static let mostRows = 2_500

    private(set) var lines: [Int] = []
    private(set) var reports: [UsageReport] = []

    var count: Int { reports.count }
    var isEmpty: Bool { reports.isEmpty }
    mutating func append(_ report: UsageReport, line: Int) {
        lines.append(line)
        reports.append(report)
    }
}

/// What became of lines.
struct ReportVerdicts: Sendable {
    /// A refused line, as the answer lists it.
    struct Refusal: Sendable {
        let line: Int
        let code: String
        let message: String
    }

    var inserted = 0
    var unchanged = 0
    var refusals: [Refusal] = []
}
